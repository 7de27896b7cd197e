"""Rows with known faults planted in them: how many duplicates, near duplicates and broken lines there are."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_lowercase

from workbench.datasets.making import Order, make
from workbench.datasets.recipe import Recipe, named
from workbench.datasets.running.outcome import Outcome

BROKEN = (
    b'{"messages": [',
    b'{"messages": NaN}',
    b"[" * 10_000,
    b'{"messages": [], "messages": []}',
    b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
    b"\x00\x01\x02\xff\xfe",
    b'"only a text"',
    b'{"speaker": "nobody"}',
)


@dataclass
class Planted:
    """Lines of JSON, and the numbers (from 1) of those that are near copies, exact copies and broken.

    `original` has for each copy the number of the line that it is one of.
    """

    lines: list[bytes] = field(default_factory=list)
    exact: set[int] = field(default_factory=set)
    near: set[int] = field(default_factory=set)
    broken: set[int] = field(default_factory=set)
    original: dict[int, int] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        path.write_bytes(b"\n".join(self.lines) + b"\n")
        return path


def planted(
    rows: int, *, exact: float = 0.05, near: float = 0.1, edits: float = 0.02, seed: int = 7,
    most_words: int = 320,
) -> Planted:  # fmt: skip
    """Chats of at least 60 words. Of near copies a share of `edits` of the words is replaced."""
    dice = random.Random(seed)
    words = ["".join(dice.choices(ascii_lowercase, k=dice.randint(2, 9))) for _ in range(20_000)]
    found, originals = Planted(), list[tuple[int, list[str]]]()
    for number in range(1, rows + 1):
        chance = dice.random()
        if originals and chance < exact + near:
            found.original[number], said = dice.choice(originals)
            if chance < exact:
                found.exact.add(number)
            else:
                said = _edited(said, edits, dice)
                found.near.add(number)
        else:
            said = dice.choices(words, k=dice.randint(60, most_words))
            originals.append((number, said))
        found.lines.append(chat(said))
    return found


def _edited(said: list[str], share: float, dice: random.Random) -> list[str]:
    told = list(said)
    for place in dice.sample(range(len(told)), max(1, round(len(told) * share))):
        told[place] = f"edit{dice.randrange(10**6)}"
    return told


def chat(said: list[str]) -> bytes:
    asked = len(said) // 3
    turns = [("user", said[:asked]), ("assistant", said[asked:])]
    messages = [{"role": role, "content": " ".join(spoken)} for role, spoken in turns]
    return json.dumps({"messages": messages, "source": "planted"}).encode()


def with_broken(found: Planted) -> Planted:
    """The same with broken lines at the end."""
    for line in BROKEN:
        found.lines.append(line)
        found.broken.add(len(found.lines))
    return found


def made(
    name: str | Recipe, *inputs: Path, target: Path | None = None, formats: tuple[str, ...] = (),
    processes: int = 1, sample: int = 0, model: Path | str | None = None,
) -> Outcome:  # fmt: skip
    """What came of a recipe."""
    recipe = named(name) if isinstance(name, str) else name
    order = Order(
        recipe=recipe, inputs=inputs, target=target, formats=formats, processes=processes, sample=sample,
        model=model,
    )  # fmt: skip
    return make(order, lambda _: None)[1]


def rows_in(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]
