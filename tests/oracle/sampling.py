"""Golden logits after transformers' processors, in the order in which `generate` applies them.

Usage: sampling.py OUTPUT_FOLDER. Run through `cargo xtask oracles`.
"""
import json
import sys
from pathlib import Path

import torch
from transformers import RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

VOCAB = 97


def processed(logits, seen, temperature, top_k, top_p, repetition_penalty):
    scores, ids = logits.unsqueeze(0), torch.tensor([seen], dtype=torch.long)
    if repetition_penalty != 1.0:
        scores = RepetitionPenaltyLogitsProcessor(repetition_penalty)(ids, scores)
    if temperature != 1.0:
        scores = TemperatureLogitsWarper(temperature)(ids, scores)
    if top_k is not None:
        scores = TopKLogitsWarper(top_k)(ids, scores)
    if top_p is not None and top_p < 1.0:
        scores = TopPLogitsWarper(top_p)(ids, scores)
    return scores[0]


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(5)
    logits = [torch.randn(VOCAB) * spread for spread in (0.5, 2.0, 6.0)]
    # Equal logits: top-k keeps all that are as likely as the last.
    logits.append(torch.randn(VOCAB).mul(4).round().div(4))
    seen = [3, 3, 9, 41, 96, 7]
    cases = []
    for row in range(len(logits)):
        for temperature, top_k, top_p, penalty in [
            (1.0, None, None, 1.0), (0.7, None, None, 1.0), (1.0, 5, None, 1.0), (1.0, None, 0.9, 1.0), (1.3, 20, 0.8, 1.2),
            (0.5, None, 0.5, 1.1), (1.0, 1, None, 1.0), (1.0, None, 0.01, 1.0), (2.0, 200, 0.95, 0.8), (1.0, None, 1.0, 1.5),
        ]:
            if row == 3 and top_p is not None:
                continue  # Which of equal tokens top-p leaves depends on a sort that is not stable.
            left = processed(logits[row], seen, temperature, top_k, top_p, penalty)
            kept = [i for i, x in enumerate(left.tolist()) if x != float("-inf")]
            cases.append(dict(row=row, seen=seen, temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=penalty,
                              kept=kept, left=[left[i].item() for i in kept]))
    text = json.dumps(dict(logits=[row.tolist() for row in logits], cases=cases))
    (out / "processors.json").write_text(text + "\n")


main()
