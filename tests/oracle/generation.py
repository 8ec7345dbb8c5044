"""Golden tokens from transformers' greedy generation: for random models of several shapes, their weights beside them.

Usage: generation.py OUTPUT_FOLDER. Run through `cargo xtask oracles`.
"""
import json
import sys
from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM


def gpt2(**sizes):
    return GPT2LMHeadModel(GPT2Config(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, **sizes))


def llama(**sizes):
    names = dict(layers="num_hidden_layers", heads="num_attention_heads", groups="num_key_value_heads", hidden="hidden_size",
                 mlp="intermediate_size", vocab="vocab_size", context="max_position_embeddings")
    return LlamaForCausalLM(LlamaConfig(**{names.get(key, key): value for key, value in sizes.items()}))


LLAMA3 = dict(rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)
YARN = dict(rope_type="yarn", factor=8.0, original_max_position_embeddings=16)
# Contexts hold the longest prompt and 64 tokens; prompts are shorter and longer than a chunk of the prefill program.
MODELS = {
    "gpt2": (gpt2, dict(n_layer=2, n_head=2, n_embd=12, vocab_size=61, n_positions=160, n_inner=None)),
    "gpt2_odd": (gpt2, dict(n_layer=3, n_head=3, n_embd=15, vocab_size=67, n_positions=150, n_inner=37)),
    "llama": (llama, dict(layers=2, heads=2, groups=2, hidden=12, mlp=29, vocab=61, context=160, tie_word_embeddings=True)),
    "llama_grouped": (llama, dict(layers=3, heads=6, groups=2, hidden=18, head_dim=10, mlp=37, vocab=59, context=150)),
    "llama_one_group": (llama, dict(layers=2, heads=7, groups=1, hidden=21, head_dim=6, mlp=31, vocab=53, context=150, rope_scaling=LLAMA3)),
    "llama_yarn": (llama, dict(layers=2, heads=4, groups=2, hidden=20, head_dim=8, mlp=33, vocab=53, context=150, rope_scaling=YARN)),
}
PROMPTS, TOKENS = [1, 5, 64, 83], 64


def greedy(model, prompt, **settings):
    """Its tokens, and the smallest lead of a token over the second, which rounding must not bridge."""
    ids = torch.tensor([prompt])
    # Without a mask, tokens that equal the padding token would be taken for padding.
    out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=TOKENS, eos_token_id=None, pad_token_id=0,
                         output_scores=True, return_dict_in_generate=True, **settings)
    top = torch.stack(out.scores).topk(2, dim=-1).values
    return out.sequences[0, len(prompt):].tolist(), (top[..., 0] - top[..., 1]).min().item()


def main():
    out = Path(sys.argv[1])
    torch.set_num_threads(1)
    for seed, (name, (family, sizes)) in enumerate(MODELS.items()):
        torch.manual_seed(100 + seed)
        model = family(**sizes).eval()
        model.generation_config.eos_token_id = None
        # Larger weights than a fresh model's, so that texts do not end in one repeated token.
        with torch.no_grad():
            for key, parameter in model.named_parameters():
                table = any(part in key for part in ("wte", "embed_tokens", "lm_head"))
                parameter.add_(torch.randn_like(parameter) * (0.25 if table else 0.8))
        folder = out / name
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        cases = []
        for length in PROMPTS:
            for penalty in [1.0, 1.3]:
                # Where two tokens are equally likely but for rounding, nothing is to be compared: another prompt.
                lead = 0.0
                while lead < 1e-3:
                    prompt = torch.randint(0, model.config.vocab_size, (length,)).tolist()
                    tokens, lead = greedy(model, prompt, repetition_penalty=penalty)
                assert len(tokens) == TOKENS
                cases.append(dict(prompt=prompt, repetition_penalty=penalty, tokens=tokens))
        (folder / "greedy.json").write_text(json.dumps(dict(cases=cases)) + "\n")
        print(name, [len(set(case["tokens"])) for case in cases])


main()
