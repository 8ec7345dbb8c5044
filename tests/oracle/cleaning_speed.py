"""The same cleaning by datatrove, for `cargo xtask bench cleaning`.

`documents FOLDER COUNT` writes constructed documents in two jsonl files, one in ten of them nearly a copy of an earlier one.
`clean FOLDER` cleans them with two workers, in the steps that datatrove's own examples have (repetition, quality, MinHash in four
stages, personal data), and prints the documents that are left. Without language identification, whose model is not in its package:
what is measured is less than what Regimen does in the same turn.
"""

import json
import shutil
import sys
from pathlib import Path

from cleaning import Writer


def documents(folder, count):
    texts = []
    for number in range(count):
        w = Writer(number)
        if number % 10 == 9:
            words = texts[w.random.randrange(len(texts))].split(" ")
            words[w.random.randrange(len(words))] = "changed"
            texts.append(" ".join(words))
        else:
            texts.append(w.text(w.random.randint(200, 1_000), line=w.random.choice([2, 3, 5])))
    for part in range(2):
        with open(folder / f"{part}.jsonl", "w") as file:
            for text in texts[part::2]:
                file.write(json.dumps({"text": text}) + "\n")


def clean(folder):
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
    from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
    from datatrove.pipeline.formatters import PIIFormatter
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter
    from loguru import logger

    logger.remove()
    work = folder / "datatrove"
    shutil.rmtree(work, ignore_errors=True)
    read = lambda name: JsonlReader(str(work / name), glob_pattern="*.jsonl")
    write = lambda name: JsonlWriter(str(work / name), compression=None)
    source = JsonlReader(str(folder), glob_pattern="*.jsonl", recursive=False)
    filters = [GopherRepetitionFilter(), GopherQualityFilter(), FineWebQualityFilter()]
    stages = [
        ([source, *filters, write("filtered")], 2),
        ([read("filtered"), MinhashDedupSignature(str(work / "signatures"))], 2),
        ([MinhashDedupBuckets(str(work / "signatures"), str(work / "buckets"))], 14),
        ([MinhashDedupCluster(str(work / "buckets"), str(work / "remove"))], 1),
        ([read("filtered"), MinhashDedupFilter(str(work / "remove")), PIIFormatter(), write("left")], 2),
    ]
    for number, (pipeline, tasks) in enumerate(stages):
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=2, logging_dir=str(work / f"log{number}")).run()
    print(sum(len(open(file).readlines()) for file in (work / "left").glob("*.jsonl")))


if __name__ == "__main__":
    if sys.argv[1] == "documents":
        documents(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        clean(Path(sys.argv[2]))
