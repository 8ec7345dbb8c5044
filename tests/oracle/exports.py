"""Loads what Regimen exported in transformers and compares logits; writes golden files of the exports whose weights are fixed.

Usage: exports.py EXPORTS GOLDEN EXPERIMENTS. Run through `cargo xtask exports`. EXPORTS holds `seeded` and `trained` models of every family with
Regimen's numbers of some tokens, EXPERIMENTS exports of what the command line trained.
"""
import hashlib
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer, pipeline

FILES = ["model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"]
LIMIT = 2e-5


def load(folder):
    config = AutoConfig.from_pretrained(folder)
    model, info = getattr(transformers, config.architectures[0]).from_pretrained(folder, output_loading_info=True)
    wrong = {key: names for key, names in info.items() if names}
    if wrong:
        sys.exit(f"{folder}: transformers found {wrong}")
    return model.eval()


def numbers(model, ours):
    """What the model gives for the tokens; padding is hidden only from classifiers, as Regimen hides it."""
    inputs = {"input_ids": ours["tokens"]}
    if "SequenceClassification" in type(model).__name__:
        inputs["attention_mask"] = (torch.arange(ours["tokens"].shape[1]) < ours["lengths"][:, None]).long()
    else:
        # transformers would read the id of padding as padding.
        inputs["attention_mask"] = torch.ones_like(ours["tokens"])
    with torch.no_grad():
        return model(**inputs)


def compare(folder):
    ours = load_file(folder / "regimen.safetensors")
    found = numbers(load(folder), ours)
    off = 0.0
    for name in [name for name in ours if name not in ("tokens", "lengths")]:
        theirs = getattr(found, name)
        if theirs.shape != ours[name].shape:
            sys.exit(f"{folder}: {name} of shape {tuple(theirs.shape)}, Regimen has {tuple(ours[name].shape)}")
        off = max(off, (theirs - ours[name]).abs().max().item())
        ours[name] = theirs.contiguous()
    print(f"{folder.parent.name:8} {folder.name:22} {off:.1e}")
    if off >= LIMIT:
        sys.exit(f"{folder}: logits differ by {off}")
    return ours


def check_tokenizer(folder):
    """Special tokens have names, and a model that predicts hidden tokens fills gaps."""
    tokenizer, config = AutoTokenizer.from_pretrained(folder), AutoConfig.from_pretrained(folder)
    if not tokenizer.mask_token:
        return
    assert tokenizer.pad_token_id == config.pad_token_id and len(tokenizer) <= config.vocab_size, folder
    assert None not in (tokenizer.cls_token, tokenizer.sep_token), folder
    assert tokenizer("a b").keys() <= {"input_ids", "token_type_ids", "attention_mask"}, folder
    if config.architectures[0].endswith("ForMaskedLM"):
        gaps = pipeline("fill-mask", model=str(folder), tokenizer=str(folder))
        filled = gaps(f"ab{tokenizer.mask_token}c")
        assert len(filled) == 5 and all(len(f["token_str"]) > 0 or f["token"] < config.vocab_size for f in filled), folder


def check_positions(folder):
    """No text moves the positions of RoBERTa: padding is no token of any text."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForMaskedLM.from_pretrained(folder).eval()
    text = "".join(map(chr, range(48))) + " plays"
    tokens = tokenizer(text, return_tensors="pt")["input_ids"]
    assert not (tokens == tokenizer.pad_token_id).any(), folder
    at = torch.arange(tokens.shape[1])[None] + model.config.pad_token_id + 1
    with torch.no_grad():
        assert torch.equal(model(tokens).logits, model(tokens, position_ids=at).logits), folder


def main(exports, golden, experiments):
    torch.set_num_threads(1)
    golden.mkdir(parents=True, exist_ok=True)
    for folder in sorted((exports / "seeded").iterdir()):
        if folder.name == "checkpoints":
            continue
        sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
        save_file(compare(folder), golden / f"{folder.name}.safetensors", sums)
        compare(exports / "trained" / folder.name)
        check_tokenizer(folder)
    for folder in sorted(experiments.iterdir()):
        load(folder)
        check_tokenizer(folder)
        if AutoConfig.from_pretrained(folder).model_type == "roberta":
            check_positions(folder)
        print(f"command  {folder.name:22} loads, and fills gaps if it predicts hidden tokens")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
