"""Golden tokens of SmolLM2-135M-Instruct: greedy generation by transformers in f32 from `examples/smollm2/hf`, for plain prompts and for
conversations through the model's own chat template; and its loss on a text.

Usage: smollm2.py OUTPUT_FOLDER. Run through `cargo xtask oracles`, after `cargo xtask model`; without the model it does nothing.
"""
import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

MODEL = Path(__file__).parents[2] / "examples/smollm2/hf"
TOKENS = 64
PLAIN = [
    "The capital of France is", "Once upon a time there was", "def fibonacci(n):", "Water boils at", "In the year 1815,",
    "The three laws of motion are", "ROMEO:", "To bake bread you need", "1, 1, 2, 3, 5, 8,", "Der Himmel ist",
    "It was a dark and stormy night;", "The opposite of hot is",
]
ASKED = [
    "What is gravity?", "Write a haiku about the sea.", "How many legs has a spider?", "Translate 'good morning' into French.",
    "Why is the sky blue?", "Name three fruits.", "Who wrote Hamlet?", "What is 7 times 8?",
]
TEXT = """The quick brown fox jumps over the lazy dog. It was not the first time, and the dog had long since stopped caring.
Foxes, he thought, are like weather: they pass. But this one came back each evening at the same hour, jumped, and ran on
towards the river without a word, until the dog began to wait for it.

One evening it did not come. The dog lay awake until the moon stood over the mill, listening. In the morning he got up,
stretched his old legs one after the other, and walked down to the river to see what had become of the fox.
"""


def main():
    if not MODEL.exists():
        print("SmolLM2 is not there: run `cargo xtask model` first")
        return
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32).eval()
    cases = []
    for chat, prompts in ((False, PLAIN), (True, ASKED)):
        for prompt in prompts:
            if chat:
                turns = [{"role": "user", "content": prompt}]
                text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
            else:
                text = prompt
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
            batch = torch.tensor([ids])
            made = model.generate(batch, attention_mask=torch.ones_like(batch), do_sample=False, max_new_tokens=TOKENS, eos_token_id=2, pad_token_id=2,
                                  repetition_penalty=1.0, output_scores=True, return_dict_in_generate=True)
            tokens = made.sequences[0, len(ids):].tolist()
            top = torch.stack(made.scores).topk(2, dim=-1).values
            lead = (top[..., 0] - top[..., 1]).min().item()
            cases.append(dict(chat=chat, text=prompt, prompt=ids, tokens=tokens, lead=lead))
            print(f"{lead:.5f}", prompt)
    ids = tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        loss = model(torch.tensor([ids]), labels=torch.tensor([ids])).loss.item()
    golden = dict(cases=cases, text=TEXT, loss=loss, text_tokens=len(ids))
    (out / "greedy.json").write_text(json.dumps(golden) + "\n")


main()
