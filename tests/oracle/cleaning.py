"""What datatrove's quality filters say of 2,000 constructed documents: `cleaning.jsonl.gz` in the folder named on the command line.

The documents are made so that every rule of every filter decides about some of them, many of them close to its threshold. Each row
holds the text, what each filter says (`keep`, or the name of its rule), and the beginning of the SHA-256 of what C4's rules leave of
the text. `data/tests/datatrove.rs` compares this with the cleaning steps.
"""

import gzip
import hashlib
import json
import random
import sys
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)

ORDINARY = """time year people way day man thing woman life child world school state family student group country problem hand part
place case week company system program question work government number night point home water room mother area money story fact month
lot right study book eye job word business issue side kind head house service friend father power hour game line end member law car
city community name president team minute idea body information back parent face others level office door health person art war
history party result change morning reason research girl guy moment air teacher force education""".split()
VERBS = """is was said made went took came saw got gave found thought told became showed left felt put brought began kept held wrote
stood heard let meant set met ran paid sat spoke lay led read grew lost fell sent built understood drew broke spent cut rose""".split()
SMALL = """the be to of and that have with a in for on as at by from or an but not this which you it they we he she its our their
into over after under about between through during before""".split()
ODD = """don't can't I'll they've she'd it's John's café naïve Zürich 3.14 1,000 $5.00 50% 10km 2024-01-31 U.S. e.g. i.e. Mr. Dr.
well-known state-of-the-art and/or https://example.com/a?b=c name@example.org (see) "quoted" 'single' [sic] — … 7th x=y A+B C++ 24/7
rock'n'roll cannot gonna dogs' 10am no.1 end.Start “curly” ‘marks’ 你好 привет #tag @name *bold* _under_ <b> :) 😀""".split()


class Writer:
    """Texts from one stream of random numbers."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def word(self, odd=0.04, small=0.4):
        draw = self.random.random()
        if draw < odd:
            return self.random.choice(ODD)
        if draw < odd + small:
            return self.random.choice(SMALL)
        return self.random.choice(ORDINARY if self.random.random() < 0.7 else VERBS)

    def words(self, count, **how):
        return [self.word(**how) for _ in range(count)]

    def sentence(self, count=None, end=None, **how):
        words = self.words(count or self.random.randint(5, 16), **how)
        return " ".join(words).capitalize() + (end if end is not None else self.random.choice("...?!"))

    def text(self, count, line=None, **how):
        """About `count` words in sentences; a line feed after about `line` sentences."""
        sentences, have = [], 0
        while have < count:
            length = min(self.random.randint(5, 16), max(3, count - have))
            sentences.append(self.sentence(length, **how))
            have += length
        if not line:
            return " ".join(sentences)
        lines = [" ".join(sentences[i : i + line]) for i in range(0, len(sentences), line)]
        return "\n".join(lines)

    def about(self, threshold, spread):
        return max(0.0, threshold + self.random.uniform(-spread, spread))


def ordinary(w):
    return w.text(w.random.randint(60, 200), line=w.random.choice([None, 1, 2, 3]))


def few_words(w):
    return w.text(w.random.randint(38, 62))


def word_length(w):
    if w.random.random() < 0.5:
        share = w.about(0.55, 0.25)
        return " ".join(w.random.choice(["a", "I", "of", "to"]) if w.random.random() < share else w.word() for _ in range(80)) + "."
    share = w.about(0.5, 0.2)
    return " ".join("internationalisation" if w.random.random() < share else w.word() for _ in range(80)) + "."


def symbols(w):
    words = w.words(w.random.randint(60, 120), odd=0)
    sign = w.random.choice(["#", "...", "…"])
    for _ in range(int(len(words) * w.about(0.1, 0.06))):
        words.insert(w.random.randrange(len(words)), sign)
    return " ".join(words) + "."


def bullets(w):
    share = w.about(0.9, 0.1)
    return "\n".join(("- " if w.random.random() < share else "") + w.sentence(w.random.randint(5, 9)) for _ in range(w.random.randint(10, 30)))


def cut_lines(w):
    share = w.about(0.3, 0.2)
    return "\n".join(w.sentence(end=w.random.choice(["...", "…"]) if w.random.random() < share else ".") for _ in range(w.random.randint(8, 20)))


def letters(w):
    share = w.about(0.2, 0.12)
    return " ".join(str(w.random.randint(1, 9999)) if w.random.random() < share else w.word(odd=0) for _ in range(90)) + "."


def stop_words(w):
    few = w.random.sample(["the", "be", "to", "of", "and"], w.random.randint(0, 3))
    words = [w.random.choice(ORDINARY + VERBS) for _ in range(70)]
    for word in few:
        words[w.random.randrange(len(words))] = word
    return " ".join(words) + "."


def duplicate_lines(w):
    lines = [w.sentence(w.random.randint(4, 14)) for _ in range(w.random.randint(8, 20))]
    for _ in range(int(len(lines) * w.about(0.35, 0.35))):
        lines.insert(w.random.randrange(len(lines)), w.random.choice(lines))
    return w.random.choice(["\n", "\n\n"]).join(lines)


def duplicate_paragraphs(w):
    paragraphs = [w.text(w.random.randint(10, 40), line=1) for _ in range(w.random.randint(4, 10))]
    for _ in range(int(len(paragraphs) * w.about(0.35, 0.35))):
        paragraphs.append(w.random.choice(paragraphs))
    return w.random.choice(["\n\n", "\n\n\n"]).join(paragraphs)


def top_n_grams(w):
    phrase = " ".join(w.words(w.random.randint(2, 4), odd=0))
    words = w.words(w.random.randint(70, 140))
    for _ in range(int(len(words) * w.about(0.09, 0.08))):
        words.insert(w.random.randrange(len(words)), phrase)
    return " ".join(words) + "."


def repeated_n_grams(w):
    words = w.words(w.random.randint(80, 160))
    for _ in range(w.random.randint(1, 3)):
        start, length = w.random.randrange(len(words) - 12), w.random.randint(5, 14)
        words += words[start : start + length] + w.words(w.random.randint(1, 12))
    return " ".join(words) + "."


def sentences(w):
    return w.random.choice([" ", "\n"]).join(w.sentence(w.random.randint(3, 12)) for _ in range(w.random.randint(2, 9)))


def web_lines(w):
    lines = [w.sentence() for _ in range(w.random.randint(4, 12))]
    extras = [
        "Please enable javascript to see this page.", "Read our Privacy Policy before you go on.", "This site uses cookies.",
        "Home | About | Contact", "Menu", "Too short.", "It was so[1] said[23] there[citation needed].", "See also [edit] the list.",
        "x" * 1001 + " is a long word here.", "And then it ended...", 'He said "go home"', "They said 'no more'", "All of [] this.",
    ]
    for extra in w.random.sample(extras, w.random.randint(1, 6)):
        lines.insert(w.random.randrange(len(lines) + 1), extra)
    if w.random.random() < 0.15:
        lines.append(w.random.choice(["Lorem ipsum dolor sit amet.", "Then { curly: brackets } came.", "{ without an end"]))
    return w.random.choice(["\n", "\n\n", "\r\n"]).join(lines)


def line_ends(w):
    share = w.about(0.12, 0.12)
    return "\n".join(w.sentence(end="." if w.random.random() < share else "") for _ in range(w.random.randint(10, 40)))


def short_lines(w):
    share = w.about(0.67, 0.2)
    make = lambda: w.sentence(w.random.randint(2, 5)) if w.random.random() < share else w.sentence(w.random.randint(8, 16))
    return "\n".join(make() for _ in range(w.random.randint(8, 24)))


def little_repeated(w):
    lines = [w.sentence(w.random.randint(8, 16)) for _ in range(w.random.randint(10, 40))]
    if w.random.random() < 0.7:
        lines.append(w.random.choice(["A short line.", lines[0]]))
        lines.insert(0, lines[-1])
    return "\n".join(lines)


def line_feeds(w):
    share = w.about(0.5, 0.5)
    long = lambda: "".join(w.random.choice(ORDINARY) for _ in range(4))
    make = lambda: [long() for _ in range(2 if w.random.random() < share else 3)]
    return "\n".join(" ".join(make()).capitalize() + "." for _ in range(w.random.randint(10, 40)))


def white(w):
    return w.random.choice([" \n \n", "\t", "...", "", "\n\n\n", "word", "—", "你好。", "1 2 3"])


KINDS = [
    ordinary, few_words, word_length, symbols, bullets, cut_lines, letters, stop_words, duplicate_lines, duplicate_paragraphs,
    top_n_grams, repeated_n_grams, sentences, web_lines, line_ends, short_lines, little_repeated, line_feeds, web_lines, white,
]
COUNT = 2_000


def documents():
    for number in range(COUNT - 2):
        yield KINDS[number % len(KINDS)](Writer(number))
    # Around the largest number of words.
    for words in (100_000, 100_001):
        yield "the and " * (words // 2) + ("the" if words % 2 else "")


def verdict(judge, text):
    document = Document(text=text, id="0")
    try:
        result = judge.filter(document)
    except ZeroDivisionError:
        # Nothing to divide by: a text without words or lines. The document cannot stay.
        return "nothing", text
    reason = "keep" if result is True else result[1] if isinstance(result, tuple) else "drop"
    return reason, document.text


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    filters = {
        "gopher": GopherQualityFilter(),
        "gopher_repetition": GopherRepetitionFilter(),
        "c4": C4QualityFilter(),
        "fineweb": FineWebQualityFilter(),
    }
    rows, counts = [], {name: {} for name in filters}
    for text in documents():
        row = {"text": text}
        for name, judge in filters.items():
            row[name], left = verdict(judge, text)
            counts[name][row[name]] = counts[name].get(row[name], 0) + 1
            if name == "c4" and row[name] == "keep":
                row["left"] = hashlib.sha256(left.encode()).hexdigest()[:16]
        rows.append(json.dumps(row, ensure_ascii=False))
    with open(folder / "cleaning.jsonl.gz", "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(("\n".join(rows) + "\n").encode())
    for name, found in counts.items():
        print(name, dict(sorted(found.items(), key=lambda item: -item[1])))


if __name__ == "__main__":
    main()
