"""Golden files of scalar heads (rewards, values) from transformers: weights, scores, values of tokens, and gradients of a mean squared error.

Usage: scalars.py OUTPUT_FOLDER. Run through `cargo xtask oracles`, which prepares a throw-away environment.
"""
import torch
from safetensors.torch import save_file

from classifiers import MODELS, PADDING, batches
from encoders import disturb
from models import write_all


def golden(name, family, sizes, out):
    torch.manual_seed(20)
    model = family(num_labels=1, pad_token_id=PADDING, problem_type="regression", **sizes)
    disturb(model)
    folder = out / name
    model.save_pretrained(folder)
    model.train()
    tokens, mask, _ = (part[0] for part in batches(29, sizes.get("context", 11)))
    targets = torch.randn(tokens.shape[0])
    found = model(input_ids=tokens, attention_mask=mask.long(), labels=targets)
    found.loss.backward()
    tensors = {"tokens": tokens, "lengths": mask.sum(-1), "targets": targets, "logits": found.logits, "loss": found.loss}
    if hasattr(model, "score"):
        # A critic's head: the same product for every token.
        states = model.base_model(input_ids=tokens, attention_mask=mask.long()).last_hidden_state
        tensors["values"] = model.score(states).squeeze(-1)
    tensors |= {f"grad.{key}": p.grad for key, p in model.named_parameters() if p.grad is not None}
    save_file({key: value.detach().clone().contiguous() for key, value in tensors.items()}, folder / "golden.safetensors")


if __name__ == "__main__":
    plain = {name: model for name, model in MODELS.items() if "convolution" not in name}
    write_all({name.replace("classifier", "scalar"): model for name, model in plain.items()}, golden)
