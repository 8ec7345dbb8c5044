"""nanoGPT on one GPU: its own model.py, bf16 autocast, clipping and fused AdamW.

Usage: peer.py speed MODEL_PY BATCH STEPS
       peer.py losses MODEL_PY FOLDER METRICS [autocast|bf16|tf32]

`speed` trains GPT-2 124M (vocabulary 50,304, context 1,024) under torch.compile on random tokens, other ones in every step, and
prints the median step as a line of JSON. `losses` trains from the weights and on the batches that `gpu dump` wrote to FOLDER, with
the learning rates of a run's METRICS, and prints its losses as a line of JSON. Without compilation, so that nothing but PyTorch's
own operations takes part, and with GPT-2's own GELU, the tanh approximation, for the exact one of model.py. `autocast` keeps the
residual stream in f32; `bf16` has weights and activations in bf16 and f32 masters, as Regimen has; `tf32` is f32 with products in
TF32. The last shows how far apart precisions alone put two runs.
"""
import contextlib
import copy
import importlib.util
import json
import statistics
import sys
import time

import numpy
import torch

VOCABULARY, CONTEXT, IDS = 50_304, 1_024, 50_257
BETAS, DECAY, CLIP = (0.9, 0.95), 0.1, 1.0


def model_of(path):
    spec = importlib.util.spec_from_file_location("nanogpt_model", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["nanogpt_model"] = module
    spec.loader.exec_module(module)
    config = module.GPTConfig(
        block_size=CONTEXT, vocab_size=VOCABULARY, n_layer=12, n_head=12, n_embd=768, dropout=0.0, bias=True
    )
    # model.py prints what it does; standard output is for the result.
    with contextlib.redirect_stdout(sys.stderr):
        model = module.GPT(config).cuda()
        return model, model.configure_optimizers(DECAY, 1e-4, BETAS, "cuda")


def step(forward, model, optimizer, tokens, labels):
    with torch.autocast("cuda", dtype=torch.bfloat16):
        loss = forward(tokens, labels)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()


def speed(path, batch, steps):
    torch.manual_seed(0)
    model, optimizer = model_of(path)
    forward = torch.compile(lambda tokens, labels: model(tokens, labels)[1])
    seconds = []
    for _ in range(5 + steps):
        ids = torch.randint(0, IDS, (2, batch, CONTEXT)).pin_memory()
        torch.cuda.synchronize()
        began = time.perf_counter()
        tokens, labels = ids.cuda(non_blocking=True)
        loss = step(forward, model, optimizer, tokens, labels)
        seconds.append(time.perf_counter() - began)
    median = statistics.median(seconds[5:])
    print(
        json.dumps(
            dict(
                batch=batch,
                step_ms=median * 1e3,
                tokens_per_s=batch * CONTEXT / median,
                allocated_bytes=torch.cuda.max_memory_allocated(),
                reserved_bytes=torch.cuda.max_memory_reserved(),
                last_loss=loss,
                card=torch.cuda.get_device_name(),
                torch=torch.__version__,
            )
        )
    )


class Masters:
    """Trains a bf16 copy of a model with the f32 parameters of another, which an optimizer holds."""

    def __init__(self, model):
        self.model, self.half = model, copy.deepcopy(model).bfloat16()

    def parameters(self):
        return self.model.parameters()

    def __call__(self, tokens, labels):
        with torch.no_grad():
            for half, master in zip(self.half.parameters(), self.model.parameters()):
                half.copy_(master)
                half.grad = None
        return self.half(tokens, labels)[1]

    def take_gradients(self):
        for half, master in zip(self.half.parameters(), self.model.parameters()):
            master.grad = half.grad.float()


def losses(path, folder, metrics, precision):
    from safetensors.torch import load_file

    model, optimizer = model_of(path)
    for block in model.transformer.h:
        block.mlp.gelu = torch.nn.GELU(approximate="tanh")
    with torch.no_grad():
        given = load_file(f"{folder}/weights.safetensors")
        for name, parameter in model.named_parameters():
            parameter.copy_(given.pop(name))
    assert not given, f"weights that nanoGPT does not have: {list(given)}"
    lines = [json.loads(line) for line in open(metrics)]
    rates = [line["learning_rate"] for line in lines if "learning_rate" in line]
    ids = numpy.fromfile(f"{folder}/batches.bin", dtype="<i8").reshape(len(rates), 2, -1, CONTEXT)
    masters = Masters(model) if precision == "bf16" else None
    forward = masters or (lambda tokens, labels: model(tokens, labels)[1])
    found = []
    for rate, (tokens, labels) in zip(rates, torch.from_numpy(ids)):
        for group in optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=precision == "autocast"):
            loss = forward(tokens.cuda(), labels.cuda())
        loss.backward()
        if masters:
            masters.take_gradients()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        found.append(loss.item())
    print(json.dumps(found))


def main():
    what, path, *rest = sys.argv[1:]
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    if what == "speed":
        speed(path, int(rest[0]), int(rest[1]))
    else:
        losses(path, *rest)


main()
