"""Prints as JSON what TensorBoard's server would show of a run folder: {tag: [[step, value], …]}, texts included."""

import json
import sys

from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.util import tensor_util


def plain(tensor_proto):
    value = tensor_util.make_ndarray(tensor_proto).flatten()[0]
    return value.decode() if isinstance(value, bytes) else float(value)


accumulator = EventAccumulator(sys.argv[1], tensor_size_guidance={"scalars": 0, "text": 0})
accumulator.Reload()
tags = accumulator.Tags()["tensors"]
print(json.dumps({tag: [[e.step, plain(e.tensor_proto)] for e in accumulator.Tensors(tag)] for tag in tags}))
