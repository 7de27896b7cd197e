"""Each check against planted rows of known numbers: how many it finds, and how many others it takes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.datasets.planting import BROKEN, Planted, made, planted, rows_in
from tests.datasets.private_texts import LOOKALIKES, PERSONAL, SECRETS, Draw, drawn
from workbench.datasets.recipe import changed, parse

_SHARED_WORDS = 13
"""As many as decontamination looks for; one fewer is no contamination."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Of so many planted rows, how many a check found, and how many others it took for such."""

    check: str
    rows: int
    planted: int
    found: int
    false_alarms: int

    @property
    def recall(self) -> float | None:
        return self.found / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        every = self.found + self.false_alarms
        return self.found / every if every else None


def measured(rows: int, folder: Path, seed: int = 7) -> Iterator[Measured]:
    """All checks, over so many rows each."""
    yield from duplicates(rows, folder, seed)
    yield broken(rows, folder, seed)
    yield private("personal data", "personal-data", PERSONAL, rows, folder, seed)
    yield private("secrets", "secrets", SECRETS, rows, folder, seed)
    yield contamination(rows, folder, seed)
    yield from leaks(rows, folder, seed)


def duplicates(rows: int, folder: Path, seed: int) -> Iterator[Measured]:
    """The last of them has several copies of each row."""
    for edits, share in ((0.02, 0.1), (0.05, 0.1), (0.02, 0.8)):
        found = planted(rows, near=share, edits=edits, seed=seed)
        told = _set_aside(found, folder / f"near-{edits}-{share}", "exact-duplicates", "near-duplicates")
        if (edits, share) == (0.02, 0.1):
            yield _compared("exact duplicates", found, found.exact, told.get("duplicate", set()))
        name = f"near duplicates, {edits:.0%} edited" + (", most rows" if share > 0.5 else "")
        yield _compared(name, found, found.near, told.get("near-duplicate", set()))


def broken(rows: int, folder: Path, seed: int) -> Measured:
    """Broken lines lie between sound ones."""
    dice, found = random.Random(seed), Planted()
    for line in planted(rows, exact=0, near=0, seed=seed).lines:
        if dice.random() < 0.1:
            found.lines.append(dice.choice(BROKEN))
            found.broken.add(len(found.lines))
        found.lines.append(line)
    told = _set_aside(found, folder / "broken", "validate")
    return _compared("broken rows", found, found.broken, set().union(*told.values()))


def private(
    check: str, operation: str, kinds: Mapping[str, Draw], rows: int, folder: Path, seed: int
) -> Measured:
    """A fifth of the rows hold such a text, and as many one that only looks like it."""
    dice, found, holding = random.Random(seed), planted(rows, exact=0, near=0, seed=seed), set[int]()
    for number, line in enumerate(found.lines, 1):
        chance, value = dice.random(), json.loads(line)
        if chance < 0.4:
            text = drawn(dice, kinds if chance < 0.2 else LOOKALIKES)
            _put(value["messages"][dice.randrange(2)], text, dice)
            found.lines[number - 1] = json.dumps(value).encode()
        if chance < 0.2:
            holding.add(number)
    told = _set_aside(found, folder / operation, f"{operation}!")
    return _compared(check, found, holding, set().union(*told.values()))


def contamination(rows: int, folder: Path, seed: int) -> Measured:
    """A tenth of the rows hold part of a test's question, and as many one word too few of one."""
    dice, found, holding = random.Random(seed), planted(rows, exact=0, near=0, seed=seed), set[int]()
    questions = [json.loads(line)["messages"][0]["content"].split() for line in
                 planted(rows // 10 + 1, exact=0, near=0, seed=seed + 1).lines]  # fmt: skip
    tests = folder / "tests.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    tests.write_text(
        "".join(json.dumps({"prompt": " ".join(one), "completion": "x"}) + "\n" for one in questions)
    )
    for number, line in enumerate(found.lines, 1):
        chance, value = dice.random(), json.loads(line)
        if chance < 0.2:
            words = _SHARED_WORDS if chance < 0.1 else _SHARED_WORDS - 1
            question = dice.choice(questions)
            start = dice.randrange(len(question) - words + 1)
            _put(value["messages"][1], " ".join(question[start : start + words]).title(), dice)
            found.lines[number - 1] = json.dumps(value).encode()
        if chance < 0.1:
            holding.add(number)
    told = _set_aside(found, folder / "contaminated", "decontaminate", against=str(tests))
    return _compared("contamination", found, holding, told.get("contaminated", set()))


def leaks(rows: int, folder: Path, seed: int, share: float = 0.05) -> Iterator[Measured]:
    """Rows held out that are copies of trained ones, or have copies there: by a random split, and by ours."""
    found, dice = planted(rows, seed=seed), random.Random(seed)
    held_out = {number for number in range(1, rows + 1) if dice.random() < share}
    yield from (
        _leaking(name, found, held_out, folder / name.replace(" ", "-"), known)
        for name, known in (("random split", False), ("random split without exact copies", True))
    )
    source = found.write(folder / "unsplit.jsonl")
    ours = folder / "ours"
    made("sft-chat", source, target=ours)
    split = [ours / "messages" / f"{name}.jsonl" for name in ("train", "valid")]
    told = made("leak-check", *split).rejected
    yield Measured("leaks after our split", len(rows_in(split[1])), 0, 0, told.get("leak", 0))


def _leaking(name: str, found: Planted, held_out: set[int], folder: Path, deduplicated: bool) -> Measured:
    numbers = [
        number for number in range(1, len(found.lines) + 1) if not deduplicated or number not in found.exact
    ]
    trained = [number for number in numbers if number not in held_out]
    kept_out = [number for number in numbers if number in held_out]
    folder.mkdir(parents=True)
    files = [
        Planted([found.lines[number - 1] for number in chosen]).write(folder / f"{at}.jsonl")
        for at, chosen in enumerate((trained, kept_out))
    ]
    known = {found.original.get(number, number) for number in trained}
    leaking = {at for at, number in enumerate(kept_out, 1) if found.original.get(number, number) in known}
    told = _quarantined(parse('summary = "x"\n[[steps]]\noperation = "leaks"', "x"), files, folder / "set")
    lines = told.get("leak", set())
    return Measured(
        f"leaks after a {name}", len(kept_out), len(leaking), len(lines & leaking), len(lines - leaking)
    )


def _compared(check: str, found: Planted, planted_ones: set[int], told: set[int]) -> Measured:
    return Measured(
        check, len(found.lines), len(planted_ones), len(told & planted_ones), len(told - planted_ones)
    )


def _put(message: dict[str, Any], text: str, dice: random.Random) -> None:
    """Between two words of it."""
    words = message["content"].split()
    words.insert(dice.randrange(len(words) + 1), text)
    message["content"] = " ".join(words)


def _set_aside(found: Planted, folder: Path, *operations: str, **parameters: str) -> dict[str, set[int]]:
    """The numbers of the rows that a recipe of these operations sets aside, by rule; `!` has it do so."""
    steps = "".join(
        f'[[steps]]\noperation = "{name.rstrip("!")}"\n{"set_aside = true" if name.endswith("!") else ""}\n'
        for name in operations
    )
    recipe = parse(f'summary = "One check."\n{steps}', "one-check")
    changes = {f"{operations[0]}.{name}": [value] for name, value in parameters.items()}
    folder.mkdir(parents=True, exist_ok=True)
    return _quarantined(changed(recipe, changes), [found.write(folder / "rows.jsonl")], folder / "set")


def _quarantined(recipe: Any, files: list[Path], target: Path) -> dict[str, set[int]]:
    made(recipe, *files, target=target)
    told: dict[str, set[int]] = {}
    for row in rows_in(target / "report" / "quarantine.jsonl"):
        told.setdefault(str(row["rule"]), set()).add(int(str(row["line"])))
    return told
