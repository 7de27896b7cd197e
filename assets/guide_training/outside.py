"""Questions about everything else, so that the guide learns to say that it does not know.

Words and sentence patterns come from the TOML files beside this module; invented words stand for all
words that are in no list. It does not know the answer to any of its questions.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from questions import HERE, Frames, Topic

_HOLE = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Outside:
    """The patterns and words of the outside world, and the one answer to all of it."""

    answer: str
    questions: tuple[str, ...]
    things: tuple[str, ...]
    tasks: tuple[str, ...]
    words: Mapping[str, Sequence[str]]
    known_things: tuple[str, ...]

    def write(self, frames: Frames, rng: Random) -> str:
        """One question from outside, dressed as typed text."""
        match rng.choices(("question", "thing", "task"), weights=(6, 2, 2))[0]:
            case "question":
                core = frames.fill(rng.choice(self.questions), rng)
            case "thing":
                core = frames.around_thing(rng.choice(self.things), rng)
            case _:
                core = frames.around_task(rng.choice(self.tasks), rng)
        return frames.dress(_HOLE.sub(lambda hole: self._word(hole[1], rng), core), rng)

    def _word(self, kind: str, rng: Random) -> str:
        match kind:
            case "nonsense":
                return _invent(self.words, rng)
            case "letters":
                return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 12)))
            case "number":
                return str(rng.choice((rng.randint(0, 20), rng.randint(10, 999), rng.randint(1000, 2100))))
            case "thing":
                return rng.choice(self.known_things)
        if kind == "noun" and rng.random() < 0.3:
            return _invent(self.words, rng)
        word = rng.choice(self.words[kind])
        return _plural(word, rng) if kind == "noun" else word


def load_outside(topics: Sequence[Topic]) -> Outside:
    """The outside world; it borrows the terms of `topics` for questions that only look familiar."""
    data = tomllib.loads((HERE / "outside.toml").read_text("utf-8"))
    raw = tomllib.loads((HERE / "outside_words.toml").read_text("utf-8"))
    words = {kind: tuple(word.replace("-", " ") for word in text.split()) for kind, text in raw.items()}
    known = tuple(thing for topic in topics for thing in topic.things)
    questions, things, tasks = (tuple(data[name]) for name in ("questions", "things", "tasks"))
    return Outside(data["answer"], questions, things, tasks, words, known)


def _invent(words: Mapping[str, Sequence[str]], rng: Random) -> str:
    count = rng.choice((1, 1, 2, 2, 3))
    syllables = (rng.choice(words["onset"]) + rng.choice(words["vowel"]) for _ in range(count))
    return "".join(syllables) + rng.choice(("", "", *words["ending"]))


def _plural(word: str, rng: Random) -> str:
    return word + "s" if rng.random() < 0.25 and not word.endswith("s") else word
