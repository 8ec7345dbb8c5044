"""Golden conversations: what transformers renders with each chat template, its tokens, and which of them the assistant wrote.

Usage: chat.py OUTPUT_FOLDER. Run through `cargo xtask oracles`. The templates are those in data/src/chat/templates.

Where a template has the tag `generation`, the mask is transformers' own (`return_assistant_tokens_mask`). For the others it is computed by
its rule (tokens of the characters from the end of the prompt to the end of the turn) from prompts that transformers renders; what counts ends
with the first special token after the message.

Beside them prompts with two answers, as TRL renders its datasets of preferences.
"""
import json
import sys
from os.path import commonprefix
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

TEMPLATES = Path(__file__).parents[2] / "data/src/chat/templates"
ENDS = {"chatml": "<|im_end|>", "llama2": "</s>", "llama3": "<|eot_id|>", "mistral": "</s>", "zephyr": "</s>", "gemma": "<end_of_turn>",
        "phi3": "<|end|>", "qwen2": "<|im_end|>", "smollm2": "<|im_end|>", "alpaca": "</s>"}
SPECIAL = ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<start_of_turn>",
           "<end_of_turn>", "<|user|>", "<|system|>", "<|assistant|>", "<|end|>"]
TEXT = """What is the capital of France? Paris is the capital of France. How do I boil an egg? Put it into boiling water and wait for
seven minutes. Thank you! You are welcome. Write a function that adds two numbers: def add(a, b): return a + b. Answer in one word.
assistant user system model ### Instruction: ### Response: [INST] [/INST] You are a helpful assistant."""
CONVERSATIONS = [
    [("user", "What is the capital of France?"), ("assistant", "Paris.")],
    [("user", "How do I boil an egg?"), ("assistant", "Put it into boiling water.\n\nWait."), ("user", "How long?"),
     ("assistant", "Seven minutes, or four."), ("user", "Thank you!"), ("assistant", "You are welcome.")],
    [("system", "Answer in one word."), ("user", "  The capital of Italy?\n"), ("assistant", " Rome \n")],
    [("user", "def add(a, b):\n    return a + b\n# Ünïcode: 日本 🙂 'quotes' \"double\" <b>&amp;</b> {{ x }} {% y %}"),
     ("assistant", "It adds.\n```python\nadd(1, 2)\n```"), ("user", "?"), ("assistant", "3")],
]


def tokenizer():
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    inner.train_from_iterator([TEXT] * 4, trainer)
    inner.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>")


def mask_by_prompts(words, name, template, messages, text, ids, offsets):
    """Spans between the prompt of each answer and its turn's end, then tokens as transformers' own mask takes them."""
    mask = [0] * len(ids)
    for turn, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        prompt = words.apply_chat_template(messages[:turn], chat_template=template, add_generation_prompt=True, tokenize=False)
        assert text.startswith(prompt), (name, prompt)
        content = text.index(message["content"].strip(), len(prompt))
        end = text.index(ENDS[name], content + len(message["content"].strip())) + len(ENDS[name])
        for i, (start, stop) in enumerate(offsets):
            if start < end and stop > len(prompt):
                mask[i] = 1
    return mask


def part(*turns):
    return [dict(role=role, content=content) for role, content in turns]


# A prompt, the chosen answer and the rejected one.
ANSWERS = [
    (part(("user", "What is the capital of France?")), part(("assistant", "Paris.")), part(("assistant", "Lyon, I think."))),
    (part(("system", "Answer in one word."), ("user", "  The capital of Italy?\n")), part(("assistant", " Rome \n")), part(("assistant", "It is Rome."))),
    (part(("user", "How do I boil an egg?"), ("assistant", "Put it into water."), ("user", "How long?")),
     part(("assistant", "Seven minutes."), ("user", "Thank you!"), ("assistant", "You are welcome.")), part(("assistant", "日本 🙂 {{ x }}"))),
]


def answers(words, template, prompt, answers):
    """The texts of a prompt and its answers by the rule of TRL's `apply_chat_template` (trl/data_utils.py): the prompt is what the
    rendered prompt and the rendered conversations have in common."""
    begin = words.apply_chat_template(prompt, chat_template=template, tokenize=False, add_generation_prompt=True)
    wholes = [words.apply_chat_template(prompt + answer, chat_template=template, tokenize=False) for answer in answers]
    for whole in wholes:
        begin = commonprefix([begin, whole])
    return begin, [whole[len(begin):] for whole in wholes]


def main():
    out = Path(sys.argv[1])
    words = tokenizer()
    words.backend_tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    cases = []
    for name in ENDS:
        template = (TEMPLATES / f"{name}.jinja").read_text()
        tagged = "generation %}" in template.replace("add_generation_prompt", "")
        for number, conversation in enumerate(CONVERSATIONS):
            messages = [dict(role=role, content=content) for role, content in conversation]
            if name == "gemma" and messages[0]["role"] == "system":
                continue
            text = words.apply_chat_template(messages, chat_template=template, tokenize=False)
            prompt = words.apply_chat_template(messages[:-1], chat_template=template, tokenize=False, add_generation_prompt=True)
            encoded = words(text, add_special_tokens=False, return_offsets_mapping=True)
            if tagged:
                both = words.apply_chat_template(messages, chat_template=template, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
                ids, mask = both["input_ids"], both["assistant_masks"]
            else:
                ids = words.apply_chat_template(messages, chat_template=template, tokenize=True, return_dict=True)["input_ids"]
                mask = mask_by_prompts(words, name, template, messages, text, ids, encoded["offset_mapping"])
            assert ids == encoded["input_ids"] and sum(mask) > 0
            cases.append(dict(template=name, messages=messages, text=text, prompt=prompt, tokens=ids, mask="".join(map(str, mask))))
    judged = []
    for name in ENDS:
        template = (TEMPLATES / f"{name}.jinja").read_text()
        for prompt, *both in ANSWERS:
            if name == "gemma" and prompt[0]["role"] == "system":
                continue
            begin, texts = answers(words, template, prompt, both)
            ids = [words(text, add_special_tokens=False)["input_ids"] for text in [begin, *texts]]
            judged.append(dict(template=name, prompt=prompt, chosen=both[0], rejected=both[1], texts=[begin, *texts], tokens=ids))
    lines = [json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in judged]
    (out / "answers.jsonl").write_text("\n".join(lines) + "\n")
    lines = [json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases]
    (out / "chat.jsonl").write_text("\n".join(lines) + "\n")
    print(len(cases), "conversations")


main()
