"""What the guide knows: the topics, and a writer that asks about them in many ways.

Topics and frames are read from the TOML files beside this module. The writer knows nothing of the world
outside, and does not look at what is held out: the corpus does.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from phrasing import drop_small_words, expand, gerund, mistype, normalise, punctuate

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing the guide knows: its question, its answer, and patterns of other ways to ask."""

    id: str
    question: str
    answer: str
    things: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    phrasings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frames:
    """The sentences around the content of a question, and the slots that patterns may name."""

    things: tuple[str, ...]
    tasks: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    slots: Mapping[str, Sequence[str]]

    def around_thing(self, thing: str, rng: Random) -> str:
        """A question about a noun phrase."""
        return self.fill(rng.choice(self.things), rng).replace("{thing}", thing)

    def around_task(self, task: str, rng: Random) -> str:
        """A question about how to do something."""
        frame = self.fill(rng.choice(self.tasks), rng)
        return frame.replace("{tasking}", gerund(task)).replace("{task}", task)

    def fill(self, pattern: str, rng: Random) -> str:
        """One sentence of `pattern`."""
        return expand(pattern, self.slots, rng)

    def dress(self, question: str, rng: Random, *, talk: bool = False) -> str:
        """`question` as a person would type it; small `talk` gets no polite words around it."""
        if not talk and rng.random() < 0.22:
            question = f"{self.fill(rng.choice(self.before), rng)} {question}"
        if not talk and rng.random() < 0.18:
            question += self._tail(rng)
        if rng.random() < 0.08:
            question = drop_small_words(question, rng)
        for _ in range(rng.choice((0, 0, 0, 0, 0, 0, 0, 1, 1, 2))):
            question = mistype(question, rng)
        return punctuate(question, rng)

    def _tail(self, rng: Random) -> str:
        tail = self.fill(rng.choice(self.after), rng)
        return tail if tail.startswith(",") else f" {tail}"


def load_topics() -> tuple[Topic, ...]:
    """All topics, in the order of their files."""
    topics: list[Topic] = []
    for path in sorted((HERE / "topics").glob("*.toml")):
        for row in tomllib.loads(path.read_text("utf-8"))["topic"]:
            lists = {name: tuple(row.get(name, ())) for name in ("things", "tasks", "phrasings")}
            topics.append(Topic(row["id"], row["question"], row["answer"], **lists))
    return tuple(topics)


def load_frames() -> Frames:
    """The frames and slots that all questions share."""
    data = tomllib.loads((HERE / "frames.toml").read_text("utf-8"))
    lists = {name: tuple(data[name]) for name in ("things", "tasks", "before", "after")}
    return Frames(**lists, slots=data["slots"])


def load_paraphrases() -> dict[str, tuple[str, ...]]:
    """The held-out paraphrases by topic id; training never sees them."""
    data = tomllib.loads((HERE / "held_out" / "paraphrases.toml").read_text("utf-8"))
    return {topic: tuple(sentences) for topic, sentences in data.items()}


def load_outside_questions() -> tuple[str, ...]:
    """The held-out questions about the outside world; training never sees them."""
    lines = (HERE / "held_out" / "outside.txt").read_text("utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def held_out_keys() -> frozenset[str]:
    """Every held-out question in normal form."""
    paraphrases = [sentence for group in load_paraphrases().values() for sentence in group]
    return frozenset(normalise(text) for text in (*paraphrases, *load_outside_questions()))


def write_known(topic: Topic, frames: Frames, rng: Random) -> str:
    """One way to ask about `topic`, dressed as typed text."""
    if rng.random() < 0.1:
        return frames.dress(topic.question.rstrip("?."), rng)
    plain = topic.id in {"hello", "thanks", "goodbye", "how_are_you"}
    return frames.dress(_core(topic, frames, rng), rng, talk=plain)


def _core(topic: Topic, frames: Frames, rng: Random) -> str:
    sizes = (len(topic.things) and 3, len(topic.tasks) and 4, len(topic.phrasings) and 3)
    match rng.choices(("thing", "task", "phrasing"), weights=sizes)[0]:
        case "thing":
            return frames.around_thing(rng.choice(topic.things), rng)
        case "task":
            return frames.around_task(frames.fill(rng.choice(topic.tasks), rng), rng)
        case _:
            return frames.fill(rng.choice(topic.phrasings), rng)
