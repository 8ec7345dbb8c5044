"""Golden files from transformers' GPT-2: weights, logits, gradients and the losses of five AdamW steps.

Usage: gpt2.py OUTPUT_FOLDER. Run through `cargo xtask oracles`, which prepares a throw-away environment.
"""
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

SHAPES = {
    # Odd sizes on purpose: nothing may depend on powers of two.
    "small": dict(n_layer=2, n_head=2, n_embd=12, vocab_size=29, n_positions=9, n_inner=None),
    "odd": dict(n_layer=3, n_head=3, n_embd=15, vocab_size=31, n_positions=11, n_inner=37),
}
STEPS, BATCH = 5, 3


def optimizer_of(model):
    """AdamW with decay on matrices only, as Regimen's default."""
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [dict(params=matrices, weight_decay=0.1), dict(params=others, weight_decay=0.0)]
    return torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95), eps=1e-8)


def golden(name, shape, out):
    torch.manual_seed(20)
    config = GPT2Config(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False, **shape)
    model = GPT2LMHeadModel(config)
    # transformers starts biases at zero and gains at one, which would hide mistakes in them.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    folder = out / name
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    model.train()
    length = shape["n_positions"]
    batches = torch.randint(0, shape["vocab_size"], (STEPS, BATCH, length + 1))
    optimizer = optimizer_of(model)
    tensors = {"batches": batches}
    losses, norms = [], []
    for step in range(STEPS):
        tokens, labels = batches[step, :, :-1], batches[step, :, 1:]
        logits = model(tokens).logits
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.size(-1)), labels.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            tensors["logits"] = logits.detach().clone()
            for key, parameter in model.named_parameters():
                tensors[f"grad.{key}"] = parameter.grad.detach().clone()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        optimizer.step()
        losses.append(loss.item())
    tensors["losses"] = torch.tensor(losses, dtype=torch.float64)
    tensors["norms"] = torch.tensor(norms, dtype=torch.float64)
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "golden.safetensors")


def main():
    out = Path(sys.argv[1])
    torch.set_num_threads(1)
    for name, shape in SHAPES.items():
        golden(name, shape, out)


main()
