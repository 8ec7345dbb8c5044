"""Writes ../../src/metrics/golden.tfevents with TensorBoard's own messages and record writer.

    python -m venv /tmp/tb && /tmp/tb/bin/pip install tensorboard setuptools
    /tmp/tb/bin/python golden.py
"""

from pathlib import Path

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

Event, Session = event_pb2.Event, event_pb2.SessionLog
Value = summary_pb2.Summary.Value


def text(tag, content):
    shape = tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)])
    tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_shape=shape, string_val=[content.encode()])
    plugin = summary_pb2.SummaryMetadata.PluginData(plugin_name="text")
    return Value(tag=tag, tensor=tensor, metadata=summary_pb2.SummaryMetadata(plugin_data=plugin))


def summary(*values):
    return summary_pb2.Summary(value=values)


events = [
    Event(wall_time=1.5, file_version="brain.Event:2"),
    Event(wall_time=2.5, step=300, summary=summary(Value(tag="train/loss", simple_value=0.25))),
    Event(wall_time=3.5, step=301, session_log=Session(status=Session.START)),
    Event(wall_time=4.5, step=302, summary=summary(text("sample", "Once é"))),
]
target = Path(__file__).parent / "../../src/metrics/golden.tfevents"
with open(target, "wb") as file:
    writer = RecordWriter(file)
    for event in events:
        writer.write(event.SerializeToString(deterministic=True))
