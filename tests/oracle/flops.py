"""Floating-point operations of the golden models as torch.utils.flop_counter counts them: forward, and forward with backward.

Usage: flops.py OUTPUT_FOLDER. Attention is computed of its parts ("eager"), so that its products are counted like all others.
"""
import json
import sys
from pathlib import Path

import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

import encoders
import models


def eager(model):
    for part in model.modules():
        if hasattr(part, "set_attn_implementation"):
            part.set_attn_implementation("eager")
    return model


def counted(run):
    with FlopCounterMode(display=False) as counter:
        loss = run()
    forward = counter.get_total_flops()
    with FlopCounterMode(display=False) as counter:
        loss.backward()
    return dict(forward=forward, both=forward + counter.get_total_flops())


def decoder(name):
    family, sizes = models.MODELS[name]
    model = eager(family(**sizes))
    tokens = torch.zeros(models.BATCH, model.config.max_position_embeddings, dtype=torch.long)
    return counted(lambda: F.cross_entropy(model(tokens).logits.flatten(0, 1), tokens.flatten()))


def encoder(name):
    family, sizes = encoders.MODELS[name]
    model = eager(family(**sizes))
    tokens = torch.full((encoders.BATCH, model.context), 2)
    return counted(lambda: model.losses(tokens, tokens, 0)[0])


def main():
    # The enhanced mask decoder is left out: the oracle's computes the last layer once for nothing.
    left_out = {"deberta/enhanced", "deberta/detector"}
    found = {name: decoder(name) for name in models.MODELS if name in ("gpt2/odd", "llama/grouped")}
    found |= {name: encoder(name) for name in encoders.MODELS if name not in left_out}
    (Path(sys.argv[1]) / "flops.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
