"""Golden files of classifiers from transformers: weights, logits, gradients and the losses of AdamW steps on padded batches.

Usage: classifiers.py OUTPUT_FOLDER. Run through `cargo xtask oracles`, which prepares a throw-away environment.
"""
import torch
from torch.nn import functional as F
from transformers import (BertConfig, BertForSequenceClassification, DebertaV2ForSequenceClassification, ElectraConfig,
                          ElectraForSequenceClassification, GPT2Config, GPT2ForSequenceClassification, LlamaConfig,
                          LlamaForSequenceClassification, RobertaConfig, RobertaForSequenceClassification)

from encoders import BATCH, STEPS, config, deberta_config, disturb
from models import optimizer_of, save, write_all

PADDING = 1


def bert(**sizes):
    return BertForSequenceClassification(config(BertConfig, sizes))


def roberta(**sizes):
    return RobertaForSequenceClassification(config(RobertaConfig, dict(sizes, context=sizes["context"] + 2, segments=1)))


def electra(**sizes):
    return ElectraForSequenceClassification(config(ElectraConfig, sizes))


def deberta(**sizes):
    return DebertaV2ForSequenceClassification(deberta_config(sizes))


def gpt2(**sizes):
    return GPT2ForSequenceClassification(GPT2Config(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False, **sizes))


def llama(**sizes):
    return LlamaForSequenceClassification(LlamaConfig(use_cache=False, **sizes))


# Odd sizes on purpose; every model tells three classes.
MODELS = {
    "bert/classifier": (bert, dict(layers=2, heads=2, hidden=12, mlp=29, vocab=29, context=11)),
    "roberta/classifier": (roberta, dict(layers=2, heads=3, hidden=15, mlp=31, vocab=29, context=11)),
    "electra/classifier": (electra, dict(layers=2, heads=2, hidden=12, embedding=10, mlp=29, vocab=29, context=11)),
    "deberta/classifier": (deberta, dict(layers=2, heads=2, hidden=12, mlp=29, vocab=29, context=11, buckets=4, shared=True)),
    # Neighbours that are padding do not count; the activation is the one of configurations that do not say.
    "deberta/convolution_classifier": (deberta, dict(layers=1, heads=2, hidden=12, mlp=19, vocab=29, context=11, buckets=4, shared=True,
                                                     conv_kernel_size=5)),
    "gpt2/classifier": (gpt2, dict(n_layer=2, n_head=2, n_embd=12, vocab_size=29, n_positions=11)),
    "llama/classifier": (llama, dict(num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, hidden_size=16,
                                     intermediate_size=29, vocab_size=29, max_position_embeddings=11)),
}


def batches(vocab, length):
    """Tokens, of which some are padding at the end, and labels. The ids 0 and 1 are padding to transformers and occur nowhere else."""
    tokens = torch.randint(2, vocab, (STEPS, BATCH, length))
    lengths = torch.randint(3, length + 1, (STEPS, BATCH))
    lengths[:, 0] = length
    mask = torch.arange(length) < lengths[..., None]
    return tokens.masked_fill(~mask, PADDING), mask, torch.randint(0, 3, (STEPS, BATCH))


def golden(name, family, sizes, out):
    torch.manual_seed(20)
    model = family(num_labels=3, pad_token_id=PADDING, **sizes)
    disturb(model)
    folder = out / name
    model.save_pretrained(folder)
    model.train()
    length = sizes.get("context", 11)
    tokens, mask, labels = batches(29, length)
    optimizer = optimizer_of(model)
    tensors = {"tokens": tokens, "lengths": mask.sum(-1), "labels": labels}
    losses, norms = [], []
    for step in range(STEPS):
        logits = model(input_ids=tokens[step], attention_mask=mask[step].long()).logits
        loss = F.cross_entropy(logits, labels[step])
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            tensors["logits"] = logits.detach().clone()
            tensors |= {f"grad.{key}": p.grad.detach().clone() for key, p in model.named_parameters() if p.grad is not None}
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        optimizer.step()
        losses.append(loss.item())
    save(folder, tensors, losses, norms)


if __name__ == "__main__":
    write_all(MODELS, golden)
