"""nanoGPT's README configuration for a CPU, trained with its own model.py on the tokens that Regimen trained on.

Usage: nanogpt.py MODEL_PY TRAIN_TOKENS VALIDATION_TOKENS VOCABULARY SEED STEPS. Prints one line of JSON: the loss over the
whole validation split, cut as Regimen cuts it, and the median time of a step (forward, backward, clipping, AdamW; without
fetching the batch). Run through `cargo xtask bench nanogpt`.
"""
import contextlib
import importlib.util
import json
import math
import statistics
import sys
import time

import numpy
import torch

LAYERS, HEADS, WIDTH, CONTEXT, BATCH = 4, 4, 128, 64, 12
PEAK, FLOOR, WARMUP, BETAS, DECAY, CLIP = 1e-3, 1e-4, 100, (0.9, 0.99), 0.1, 1.0
HEADER = 64


def tokens_of(path):
    """Reads a token file: a header that names the width of a token, then the tokens."""
    with open(path, "rb") as file:
        header = file.read(HEADER)
    assert header[:8] == b"REGTOKEN", path
    width = {2: "<u2", 4: "<u4"}[int.from_bytes(header[12:16], "little")]
    return torch.from_numpy(numpy.fromfile(path, dtype=width, offset=HEADER).astype(numpy.int64))


def model_of(path, vocabulary):
    spec = importlib.util.spec_from_file_location("nanogpt_model", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["nanogpt_model"] = module
    spec.loader.exec_module(module)
    config = module.GPTConfig(
        block_size=CONTEXT, vocab_size=vocabulary, n_layer=LAYERS, n_head=HEADS, n_embd=WIDTH, dropout=0.0, bias=False
    )
    return module.GPT(config)


def rate(step, steps):
    """Linear warm-up, then half a cosine that reaches the floor with the last step."""
    if step < WARMUP:
        return PEAK * (step + 1) / WARMUP
    share = (step - WARMUP) / (steps - 1 - WARMUP)
    return FLOOR + 0.5 * (1.0 + math.cos(math.pi * share)) * (PEAK - FLOOR)


def batch(tokens):
    """Windows at random places, as nanoGPT's get_batch takes them."""
    starts = torch.randint(len(tokens) - CONTEXT, (BATCH,))
    inputs = torch.stack([tokens[i : i + CONTEXT] for i in starts])
    labels = torch.stack([tokens[i + 1 : i + 1 + CONTEXT] for i in starts])
    return inputs, labels


@torch.no_grad()
def validation(model, tokens, rows=256):
    """Mean loss over every window of the split, each once."""
    windows = (len(tokens) - 1) // CONTEXT
    inputs = tokens[: windows * CONTEXT].view(windows, CONTEXT)
    labels = tokens[1 : windows * CONTEXT + 1].view(windows, CONTEXT)
    model.eval()
    total = 0.0
    for first in range(0, windows, rows):
        part = slice(first, first + rows)
        _, loss = model(inputs[part], labels[part])
        total += loss.item() * inputs[part].numel()
    return total / (windows * CONTEXT)


def main():
    path, train, held_out, vocabulary, seed, steps = sys.argv[1:]
    steps = int(steps)
    torch.set_num_threads(2)
    torch.manual_seed(int(seed))
    # model.py prints what it does; standard output is for the result.
    with contextlib.redirect_stdout(sys.stderr):
        model = model_of(path, int(vocabulary))
        optimizer = model.configure_optimizers(DECAY, PEAK, BETAS, "cpu")
    tokens = tokens_of(train)
    seconds = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps)
        inputs, labels = batch(tokens)
        began = time.perf_counter()
        _, loss = model(inputs, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(time.perf_counter() - began)
    loss = validation(model, tokens_of(held_out))
    print(json.dumps(dict(loss=loss, step_seconds=statistics.median(seconds), tokens_per_step=BATCH * CONTEXT)))


main()
