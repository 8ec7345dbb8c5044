"""Golden files of BERT's pretraining from transformers: masked language modelling and next-sentence prediction of pairs of texts.

Usage: pairs.py OUTPUT_FOLDER. Run through `cargo xtask oracles`, which prepares a throw-away environment.
"""
import torch
from transformers import BertConfig, BertForPreTraining

from encoders import BATCH, STEPS, config, disturb
from models import optimizer_of, save, write_all

BEGIN, END, MASK = 2, 3, 4

# Odd sizes on purpose.
MODELS = {
    "bert/pairs": (BertForPreTraining, dict(layers=2, heads=2, hidden=12, mlp=29, vocab=29, context=11)),
    "bert/pairs_odd": (BertForPreTraining, dict(layers=1, heads=3, hidden=15, mlp=37, vocab=31, context=13, segments=3, layer_norm_eps=1e-5)),
}


def pair(vocab, length):
    """Tokens, labels, types and the number of tokens of a pair; what fills it up is 0."""
    first, second = torch.randint(1, 4, (1,)).item(), torch.randint(1, length - 5, (1,)).item()
    texts = [torch.randint(5, vocab, (n,)) for n in (first, second)]
    one, two = torch.tensor([BEGIN, *texts[0], END]), torch.tensor([*texts[1], END])
    tokens = torch.cat([one, two])
    types = torch.cat([torch.zeros_like(one), torch.ones_like(two)])
    chosen = (torch.rand(tokens.shape) < 0.4) & (tokens >= 5)
    chosen[1] = True
    labels = tokens.masked_fill(~chosen, -100)
    tokens = torch.where(chosen & (torch.rand(tokens.shape) < 0.8), MASK, tokens)
    rest = (0, length - len(tokens))
    pad = torch.nn.functional.pad
    return pad(tokens, rest), pad(labels, rest, value=-100), pad(types, rest), torch.tensor(len(tokens))


def batches(vocab, length):
    samples = [[pair(vocab, length) for _ in range(BATCH)] for _ in range(STEPS)]
    stacked = [torch.stack([torch.stack([sample[part] for sample in step]) for step in samples]) for part in range(4)]
    return *stacked, torch.randint(0, 2, (STEPS, BATCH))


def golden(name, family, sizes, out):
    torch.manual_seed(20)
    model = family(config(BertConfig, sizes))
    disturb(model)
    folder = out / name
    model.save_pretrained(folder)
    model.train()
    tokens, labels, types, lengths, follows = batches(sizes["vocab"], sizes["context"])
    optimizer = optimizer_of(model)
    tensors = {"tokens": tokens, "labels": labels, "types": types, "lengths": lengths, "follows": follows}
    losses, norms = [], []
    for step in range(STEPS):
        mask = (torch.arange(sizes["context"]) < lengths[step][:, None]).long()
        found = model(input_ids=tokens[step], attention_mask=mask, token_type_ids=types[step], labels=labels[step], next_sentence_label=follows[step])
        optimizer.zero_grad()
        found.loss.backward()
        if step == 0:
            tensors |= {"logits": found.prediction_logits.detach().clone(), "next": found.seq_relationship_logits.detach().clone()}
            tensors |= {f"grad.{key}": p.grad.detach().clone() for key, p in model.named_parameters()}
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        optimizer.step()
        losses.append(found.loss.item())
    save(folder, tensors, losses, norms)


if __name__ == "__main__":
    write_all(MODELS, golden)
