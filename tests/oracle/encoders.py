"""Golden files of encoders from transformers: weights, logits, gradients and the losses of AdamW steps on masked batches.

Usage: encoders.py OUTPUT_FOLDER. Run through `cargo xtask oracles`, which prepares a throw-away environment.

What transformers lacks is written here after the authors' code: the enhanced mask decoder and the detection head of DeBERTa, sharing of
embeddings between generators and discriminators, and the draw of replaced tokens, which uses Regimen's random numbers.
"""
import hashlib
import json

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F
from transformers import (BertConfig, BertForMaskedLM, DebertaV2Config, DebertaV2ForMaskedLM, DebertaV2Model, ElectraConfig,
                          ElectraForMaskedLM, ElectraForPreTraining, RobertaConfig, RobertaForMaskedLM)

from models import optimizer_of, save, write_all

NAMES = dict(layers="num_hidden_layers", heads="num_attention_heads", hidden="hidden_size", mlp="intermediate_size", vocab="vocab_size",
             context="max_position_embeddings", segments="type_vocab_size", embedding="embedding_size", buckets="position_buckets",
             shared="share_att_key")
STEPS, BATCH = 20, 3
DETECTION_WEIGHT = 50.0


def config(kind, sizes):
    no_dropout = dict(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    return kind(**no_dropout, **{NAMES.get(key, key): value for key, value in sizes.items()})


def deberta_config(sizes):
    relative = dict(relative_attention=True, pos_att_type="c2p|p2c", norm_rel_ebd="layer_norm", position_biased_input=False)
    return config(DebertaV2Config, dict(sizes, **relative))


class Masked(nn.Module):
    """A model of transformers that predicts hidden tokens."""

    def __init__(self, model, context):
        super().__init__()
        self.model, self.context, self.vocab = model, context, model.config.vocab_size

    def logits(self, tokens):
        return self.model(input_ids=tokens).logits

    def losses(self, tokens, labels, step):
        logits = self.logits(tokens)
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten()), {"logits": logits}

    def named(self):
        return {name.removeprefix("model."): parameter for name, parameter in self.named_parameters()}

    def save(self, folder):
        self.model.save_pretrained(folder)


class Enhanced(Masked):
    """DeBERTa with its own mask decoder: the last layer twice, with queries that know absolute positions."""

    def __init__(self, model, context):
        super().__init__(model, context)
        self.positions = nn.Parameter(torch.randn(context, model.config.hidden_size) * 0.02)

    def logits(self, tokens):
        model, encoder = self.model, self.model.deberta.encoder
        hidden = model.deberta(tokens, output_hidden_states=True).hidden_states[-2]
        mask = torch.ones(tokens.shape[0], 1, self.context, self.context)
        queries = hidden + self.positions
        for _ in range(2):
            queries, _ = encoder.layer[-1](hidden, mask, query_states=queries, relative_pos=encoder.get_rel_pos(hidden),
                                           rel_embeddings=encoder.get_rel_embedding())
        return model.cls(queries)

    def named(self):
        found = super().named()
        return found | {"deberta.embeddings.position_embeddings.weight": found.pop("positions")}

    def save(self, folder):
        super().save(folder)
        save_file({name: p.detach().clone() for name, p in self.named().items()}, folder / "model.safetensors", {"format": "pt"})


class Detector(nn.Module):
    """A generator and a discriminator; how they share embeddings is for each family to say."""

    def scores(self, tokens):
        raise NotImplementedError

    def losses(self, tokens, labels, step):
        logits = self.generator.logits(tokens)
        generator = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
        replaced, targets = replace(logits.detach(), tokens, labels, step)
        scores = self.scores(replaced)
        detection = F.binary_cross_entropy_with_logits(scores, targets.float())
        return generator + DETECTION_WEIGHT * detection, {"logits": logits, "scores": scores, "replaced": replaced}

    def save(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        configs = {name: part.config.to_diff_dict() for name, part in (("generator", self.generator.model), ("discriminator", self.discriminator))}
        configs["model_type"] = self.discriminator.config.model_type
        (folder / "config.json").write_text(json.dumps(configs, indent=1, sort_keys=True) + "\n")
        save_file({name: p.detach().clone() for name, p in self.named().items()}, folder / "model.safetensors")

    def named(self):
        return {name.replace("generator.model.", "generator."): p for name, p in self.named_parameters()}


class Electra(Detector):
    def __init__(self, generator, discriminator, context):
        super().__init__()
        self.discriminator = discriminator
        self.generator = Masked(generator, context)
        # A draw may be the id of padding, which is a token like any other here.
        discriminator.electra.embeddings.word_embeddings.padding_idx = None
        generator.electra.embeddings = discriminator.electra.embeddings
        generator.generator_lm_head.weight = discriminator.electra.embeddings.word_embeddings.weight
        self.context, self.vocab = context, generator.config.vocab_size

    def scores(self, tokens):
        return self.discriminator(tokens).logits


class DebertaDetector(Detector):
    """Version 3: the discriminator looks tokens up in the generator's table, which it does not train, plus a table of its own."""

    def __init__(self, generator, discriminator, context):
        super().__init__()
        hidden = discriminator.config.hidden_size
        self.generator, self.discriminator = Enhanced(generator, context), discriminator
        self.context, self.vocab = context, generator.config.vocab_size
        discriminator.embeddings.word_embeddings.weight.data.zero_()
        self.norm = nn.LayerNorm(hidden, discriminator.config.layer_norm_eps)
        self.dense, self.classifier = nn.Linear(hidden, hidden), nn.Linear(hidden, 1)

    def scores(self, tokens):
        shared = self.generator.model.deberta.embeddings.word_embeddings.weight.detach()
        own = self.discriminator.embeddings.word_embeddings.weight
        x = self.discriminator(inputs_embeds=F.embedding(tokens, shared) + F.embedding(tokens, own)).last_hidden_state
        x = self.dense(self.norm(x[:, :1] + x))
        return self.classifier(F.gelu(x)).squeeze(-1)


def philox(counter, key):
    """Philox4x32-10."""
    c, k = [int(n) for n in counter], [int(n) for n in key]
    low = 0xFFFFFFFF
    for _ in range(10):
        p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [q >> 32 ^ c[1] ^ k[0], q & low, p >> 32 ^ c[3] ^ k[1], p & low]
        k = [(k[0] + 0x9E3779B9) & low, (k[1] + 0xBB67AE85) & low]
    return c


def stage_key():
    """Key of the random streams of a stage `pretrain` of seed 1."""
    digest = hashlib.sha256((1).to_bytes(8, "little"))
    for part in (b"pretrain", b"dropout"):
        digest.update(len(part).to_bytes(8, "little") + part)
    return np.frombuffer(digest.digest()[:8], dtype="<u4")


def replace(logits, tokens, labels, step):
    """Draws a token for every label; what hits the label counts as original."""
    replaced = tokens.clone()
    for row in range(tokens.shape[0]):
        for position in range(tokens.shape[1]):
            if labels[row, position] < 0:
                continue
            # Site 1: without dropout nothing else of the stage is random.
            words = philox([position, 1, step * tokens.shape[0] + row, step], stage_key())
            u = ((words[1] << 32 | words[0]) >> 11) * 2.0**-53
            shares = logits[row, position].double().softmax(-1).cumsum(-1)
            replaced[row, position] = int((shares <= u).sum().clamp(max=len(shares) - 1))
    return replaced, (labels >= 0) & (replaced != labels)


def bert(**sizes):
    return Masked(BertForMaskedLM(config(BertConfig, sizes)), sizes["context"])


def roberta(**sizes):
    return Masked(RobertaForMaskedLM(config(RobertaConfig, dict(sizes, context=sizes["context"] + 2, segments=1))), sizes["context"])


def deberta(enhanced=False, **sizes):
    return (Enhanced if enhanced else Masked)(DebertaV2ForMaskedLM(deberta_config(sizes)), sizes["context"])


def electra(generator, **sizes):
    small = ElectraForMaskedLM(config(ElectraConfig, dict(sizes, **generator)))
    return Electra(small, ElectraForPreTraining(config(ElectraConfig, sizes)), sizes["context"])


def deberta_detector(generator_layers, **sizes):
    small = DebertaV2ForMaskedLM(deberta_config(dict(sizes, layers=generator_layers)))
    return DebertaDetector(small, DebertaV2Model(deberta_config(sizes)), sizes["context"])


# Odd sizes on purpose: nothing may depend on powers of two.
MODELS = {
    "bert/small": (bert, dict(layers=2, heads=2, hidden=12, mlp=48, vocab=29, context=9)),
    "bert/odd": (bert, dict(layers=3, heads=3, hidden=15, mlp=37, vocab=31, context=11, segments=3, layer_norm_eps=1e-5)),
    "roberta/small": (roberta, dict(layers=2, heads=2, hidden=12, mlp=48, vocab=29, context=9)),
    "roberta/odd": (roberta, dict(layers=1, heads=5, hidden=35, mlp=21, vocab=23, context=13, layer_norm_eps=1e-5)),
    "electra/small": (electra, dict(layers=2, heads=2, hidden=12, embedding=12, mlp=48, vocab=29, context=9,
                                    generator=dict(heads=1, hidden=4, mlp=16))),
    # Neither part has the width of the embeddings.
    "electra/odd": (electra, dict(layers=1, heads=3, hidden=21, embedding=10, mlp=37, vocab=31, context=11, layer_norm_eps=1e-5,
                                  generator=dict(layers=2, heads=2, hidden=14, mlp=9))),
    "deberta/small": (deberta, dict(layers=2, heads=2, hidden=12, mlp=48, vocab=29, context=13, buckets=4, shared=True)),
    "deberta/odd": (deberta, dict(layers=3, heads=3, hidden=15, mlp=37, vocab=31, context=7, layer_norm_eps=1e-5)),
    "deberta/convolution": (deberta, dict(layers=2, heads=2, hidden=12, mlp=19, vocab=23, context=9, buckets=4, shared=True,
                                          conv_kernel_size=3, conv_act="gelu")),
    "deberta/enhanced": (deberta, dict(layers=2, heads=2, hidden=14, mlp=19, vocab=23, context=11, buckets=6, shared=True, enhanced=True)),
    "deberta/detector": (deberta_detector, dict(layers=2, heads=2, hidden=12, mlp=29, vocab=27, context=10, buckets=4, shared=True,
                                                generator_layers=1)),
}


def disturb(model):
    """transformers starts biases at zero and gains at one, which would hide mistakes in them."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)


def masked_batches(vocab, length):
    """Tokens and labels. Ids of padding (0 and 1) do not occur: transformers gives their embeddings no gradient."""
    tokens = torch.randint(2, vocab, (STEPS, BATCH, length))
    hidden = torch.rand(tokens.shape) < 0.3
    hidden[:, 0, 0] = True
    labels = tokens.masked_fill(~hidden, -100)
    return torch.where(hidden & (torch.rand(tokens.shape) < 0.8), vocab - 1, tokens), labels


def golden(name, family, sizes, out):
    torch.manual_seed(20)
    model = family(**sizes)
    disturb(model)
    folder = out / name
    model.save(folder)
    model.train()
    tokens, labels = masked_batches(model.vocab, model.context)
    optimizer = optimizer_of(model)
    tensors = {"tokens": tokens, "labels": labels}
    losses, norms = [], []
    for step in range(STEPS):
        loss, results = model.losses(tokens[step], labels[step], step)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            tensors |= {key: value.detach().clone() for key, value in results.items()}
            tensors |= {f"grad.{key}": p.grad.detach().clone() for key, p in model.named().items()}
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        optimizer.step()
        losses.append(loss.item())
    save(folder, tensors, losses, norms)


if __name__ == "__main__":
    write_all(MODELS, golden)
