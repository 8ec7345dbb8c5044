"""Golden files of reward models from TRL's RewardTrainer: weights, rewards, gradients and the losses of AdamW steps on padded pairs.

Usage: rewards.py OUTPUT_FOLDER. Run through `cargo xtask oracles`, which prepares a throw-away environment.
"""
import tempfile

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models
from torch.utils.data import SequentialSampler
from transformers import PreTrainedTokenizerFast
from trl import RewardConfig, RewardTrainer

from classifiers import MODELS, PADDING
from encoders import BATCH, STEPS, disturb
from models import optimizer_of, save, write_all

VOCAB, LENGTH = 29, 11

# What a model's name adds to the loss: a margin for each pair, and the weight of the squared sum.
FORMS = {
    "gpt2/reward": dict(margins=False, center=None),
    "llama/reward": dict(margins=False, center=None),
    "llama/centered_reward": dict(margins=True, center=0.1),
    # A bias falls out of the difference of two rewards: without centering its gradient is noise.
    "bert/centered_reward": dict(margins=False, center=0.1),
}


class Recorder(RewardTrainer):
    """The trainer, in the order of the data; it keeps what logs round."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.losses, self.norms, self.kept = [], [], {}

    def _get_train_sampler(self, dataset=None):
        return SequentialSampler(dataset if dataset is not None else self.train_dataset)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        loss, outputs = super().compute_loss(model, inputs, return_outputs=True, num_items_in_batch=num_items_in_batch)
        self.losses.append(loss.item())
        if len(self.losses) == 1:
            # The chosen texts come first, then the rejected ones.
            self.kept["rewards"] = torch.stack(torch.chunk(outputs.logits.squeeze(-1), 2), 1).detach().clone()
        return (loss, outputs) if return_outputs else loss

    def training_step(self, *args, **kwargs):
        loss = super().training_step(*args, **kwargs)
        gradients = {key: p.grad.detach().clone() for key, p in self.model.named_parameters() if p.grad is not None}
        if len(self.losses) == 1:
            self.kept |= {f"grad.{key}": gradient for key, gradient in gradients.items()}
        self.norms.append(torch.stack([gradient.norm() for gradient in gradients.values()]).norm().item())
        return loss


def tokenizer():
    """Never asked for tokens: the data hold them."""
    words = {f"<{i}>": i for i in range(VOCAB)}
    plain = Tokenizer(models.WordLevel(words, unk_token="<0>"))
    return PreTrainedTokenizerFast(tokenizer_object=plain, pad_token=f"<{PADDING}>", eos_token="<2>")


def golden(name, family, sizes, out):
    torch.manual_seed(22)
    form = FORMS[name]
    model = family(num_labels=1, pad_token_id=PADDING, **sizes)
    disturb(model)
    folder = out / name
    model.save_pretrained(folder)
    # The id of padding occurs in no text, so that the last token of each is the one that is read.
    tokens = torch.randint(2, VOCAB, (STEPS, BATCH, 2, LENGTH))
    lengths = torch.randint(3, LENGTH + 1, (STEPS, BATCH, 2))
    lengths[:, 0, 0] = LENGTH
    margins = torch.randint(0, 5, (STEPS, BATCH)) / 4.0
    tokens = tokens.masked_fill(torch.arange(LENGTH) >= lengths[..., None], PADDING)
    rows = []
    for step in range(STEPS):
        for pair in range(BATCH):
            texts = [tokens[step, pair, side, : lengths[step, pair, side]].tolist() for side in range(2)]
            row = {"chosen_ids": texts[0], "rejected_ids": texts[1]}
            rows.append(row | {"margin": margins[step, pair].item()} if form["margins"] else row)
    optimizer = optimizer_of(model)
    constant = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 1.0)
    with tempfile.TemporaryDirectory() as work:
        settings = RewardConfig(
            output_dir=work, per_device_train_batch_size=BATCH, max_steps=STEPS, max_grad_norm=1.0, disable_dropout=True,
            center_rewards_coefficient=form["center"], report_to="none", save_strategy="no", use_cpu=True, bf16=False,
            gradient_checkpointing=False, disable_tqdm=True, max_length=None)
        trainer = Recorder(model=model, args=settings, train_dataset=Dataset.from_list(rows), processing_class=tokenizer(),
                           optimizers=(optimizer, constant))
        trainer.train()
    tensors = {"tokens": tokens, "lengths": lengths, "margins": margins} | trainer.kept
    save(folder, tensors, trainer.losses, trainer.norms)


if __name__ == "__main__":
    of_family = {name: MODELS[f"{name.split('/')[0]}/classifier"] for name in FORMS}
    write_all(of_family, golden)
