"""The pattern language of the question files, and the noise of real typing.

A pattern is text with choices `(a|b)`, which may nest, and slots `<name>`. This module turns a pattern
into one of its sentences, and a sentence into what a hurried person types. It does not know what is asked.
"""

import re
from collections.abc import Mapping, Sequence
from random import Random

_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_SLOT = re.compile(r"<([a-z_]+)>")
_SMALL_WORDS = frozenset(
    (
        "what",
        "is",
        "are",
        "the",
        "a",
        "an",
        "how",
        "do",
        "does",
        "i",
        "can",
        "to",
        "me",
        "my",
        "you",
        "it",
        "of",
        "in",
        "on",
        "for",
        "should",
        "could",
        "would",
        "there",
        "please",
        "tell",
    )
)
_DOUBLED = frozenset(
    (
        "get",
        "put",
        "cut",
        "set",
        "stop",
        "run",
        "quit",
        "plan",
        "split",
        "rid",
        "dig",
        "sit",
        "swim",
        "chat",
        "fit",
        "spot",
        "trim",
        "win",
        "drop",
        "pop",
    )
)


def expand(pattern: str, slots: Mapping[str, Sequence[str]], rng: Random) -> str:
    """One sentence of `pattern`, chosen by `rng`."""
    while found := _SLOT.search(pattern):
        choice = rng.choice(slots[found[1]]) if found[1] in slots else f"\0{found[1]}\1"
        pattern = pattern[: found.start()] + choice + pattern[found.end() :]
    while found := _CHOICE.search(pattern):
        pattern = pattern[: found.start()] + rng.choice(found[1].split("|")) + pattern[found.end() :]
    return " ".join(pattern.replace("\0", "<").replace("\1", ">").split())


def gerund(task: str) -> str:
    """`task` with its first verb in -ing: "get a model" becomes "getting a model"."""
    verb, _, rest = task.partition(" ")
    if verb in _DOUBLED:
        verb += verb[-1]
    elif verb.endswith("e") and not verb.endswith(("ee", "be")):
        verb = verb[:-1]
    return f"{verb}ing {rest}".strip()


def normalise(text: str) -> str:
    """`text` in lower case without punctuation, to compare questions by."""
    return " ".join(re.sub(r"[^a-z0-9 ]+", " ", text.lower().replace("'", "")).split())


def punctuate(text: str, rng: Random) -> str:
    """`text` as a careful or as a hurried person would end and begin it."""
    text = text[0].upper() + text[1:] if rng.random() < 0.55 else text
    if rng.random() < 0.12:
        text = text.lower()
    elif rng.random() < 0.02:
        text = text.upper()
    return text + rng.choice(("?", "?", "?", "", "", ".", " ?", "??") if rng.random() < 0.9 else ("!", "..."))


def drop_small_words(text: str, rng: Random) -> str:
    """`text` without most of the words that carry no content, as typed into a search box."""
    kept = [word for word in text.split() if word.lower() not in _SMALL_WORDS or rng.random() < 0.15]
    return " ".join(kept) or text


def mistype(text: str, rng: Random) -> str:
    """`text` with one slip of the fingers in a longer word."""
    words = text.split(" ")
    long_words = [index for index, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if long_words:
        index = rng.choice(long_words)
        words[index] = _slip(words[index], rng)
    return " ".join(words)


def _slip(word: str, rng: Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    match rng.randrange(4):
        case 0:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case 1:
            return word[:at] + word[at + 1 :]
        case 2:
            return word[:at] + word[at] + word[at:]
        case _:
            return word[:at] + rng.choice("abcdefghijklmnopqrstuvwxyz") + word[at + 1 :]
