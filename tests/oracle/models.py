"""Golden files from transformers: weights, logits, gradients and the losses of AdamW steps, for two shapes or more of every family.

Usage: models.py OUTPUT_FOLDER. Run through `cargo xtask oracles`, which prepares a throw-away environment.
"""
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

def gpt2(**sizes):
    return GPT2LMHeadModel(GPT2Config(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False, **sizes))


def llama(**sizes):
    names = dict(layers="num_hidden_layers", heads="num_attention_heads", groups="num_key_value_heads", hidden="hidden_size",
                 mlp="intermediate_size", vocab="vocab_size", context="max_position_embeddings")
    return LlamaForCausalLM(LlamaConfig(use_cache=False, **{names.get(key, key): value for key, value in sizes.items()}))


# Odd sizes on purpose: nothing may depend on powers of two.
LLAMA3 = dict(rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16)
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=8)
MODELS = {
    "gpt2/small": (gpt2, dict(n_layer=2, n_head=2, n_embd=12, vocab_size=29, n_positions=9, n_inner=None)),
    "gpt2/odd": (gpt2, dict(n_layer=3, n_head=3, n_embd=15, vocab_size=31, n_positions=11, n_inner=37)),
    "llama/small": (llama, dict(layers=2, heads=2, groups=2, hidden=12, mlp=29, vocab=31, context=9, tie_word_embeddings=True)),
    # Groups of three heads whose size has nothing to do with the width.
    "llama/grouped": (llama, dict(layers=3, heads=6, groups=2, hidden=18, head_dim=10, mlp=37, vocab=29, context=11, rms_norm_eps=1e-5)),
    "llama/llama3": (llama, dict(layers=1, heads=4, groups=1, hidden=24, mlp=33, vocab=23, context=40, rope_scaling=LLAMA3)),
    "llama/yarn": (llama, dict(layers=1, heads=3, groups=3, hidden=30, mlp=31, vocab=23, context=32, rope_scaling=YARN)),
    "llama/linear": (llama, dict(layers=1, heads=2, groups=1, hidden=16, mlp=21, vocab=23, context=24, rope_scaling=dict(rope_type="linear", factor=2.5))),
}
STEPS, BATCH = 20, 3


def optimizer_of(model):
    """AdamW with decay on matrices only, as Regimen's default."""
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [dict(params=matrices, weight_decay=0.1), dict(params=others, weight_decay=0.0)]
    return torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95), eps=1e-8)


def save(folder, tensors, losses, norms):
    series = {"losses": losses, "norms": norms}
    tensors |= {name: torch.tensor(numbers, dtype=torch.float64) for name, numbers in series.items()}
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "golden.safetensors")


def write_all(models, golden):
    """Every model's golden files, in the folder that the command line names."""
    torch.set_num_threads(1)
    for name, (family, sizes) in models.items():
        golden(name, family, sizes, Path(sys.argv[1]))


def golden(name, family, sizes, out):
    torch.manual_seed(20)
    model = family(**sizes)
    # transformers starts biases at zero and gains at one, which would hide mistakes in them.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    folder = out / name
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    model.train()
    length = model.config.max_position_embeddings
    batches = torch.randint(0, model.config.vocab_size, (STEPS, BATCH, length + 1))
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
    save(folder, tensors, losses, norms)


if __name__ == "__main__":
    write_all(MODELS, golden)
