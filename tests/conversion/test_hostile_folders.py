"""Folders changed at random: each is converted or refused with one clear error, and nothing else happens."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.conversion import folders
from tests.conversion.test_converting import converted
from workbench.errors import WorkbenchError

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 2**70, 1e308, -0.5, float("nan"), "", "x", "\ud800", [], {},
    [[]], [None], [1, 2], ["a", "b"], {"type": "Sequence"}, {"a": {"b": []}}, "F32", "BF16", "F8_E4M3", "I64",
    "NFC", "Split",
)  # fmt: skip
FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "generation_config.json",
    "added_tokens.json",
)
Dice = random.Random


def places(value: Any) -> Iterator[Callable[[Any], None]]:
    """What puts something else into each place of a document."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield lambda odd, key=key: value.__setitem__(key, odd)  # type: ignore[misc]
        yield from places(value[key])


def other_document(text: str, dice: Dice) -> str:
    """A value somewhere replaced by an odd one, or a letter of the text changed."""
    if dice.random() < 0.2:
        at = dice.randrange(len(text))
        return text[:at] + dice.choice('{}[],:"0-e\x00é') + text[at + dice.randint(0, 2) :]
    document = json.loads(text)
    document["vocab_size" if dice.random() < 0.1 else f"odd{dice.random()}"] = dice.choice(ODD)
    dice.choice(list(places(document)))(deepcopy(dice.choice(ODD)))
    return json.dumps(document)


def other_weights(content: bytes, dice: Dice) -> bytes:
    length = int.from_bytes(content[:8], "little")
    header, weights = content[8 : 8 + length], content[8 + length :]
    match dice.randrange(4):
        case 0:
            return content[: dice.randrange(len(content))]
        case 1:
            return (dice.choice((0, 1, 2**31, 2**63, 2**64 - 1, length - 1, length + 1))).to_bytes(
                8, "little"
            ) + header
        case 2:
            at = dice.randrange(length)
            header = header[:at] + dice.randbytes(dice.randint(0, 3)) + header[at + dice.randint(0, 3) :]
        case _:
            header = other_document(header.decode(), dice).encode("utf-8", "replace")
    return len(header).to_bytes(8, "little") + header + weights


def try_many(folder: Path, count: int, seed: int) -> tuple[int, int]:
    """How many were converted and how many refused."""
    dice, done = Dice(seed), [0, 0]
    (folder / "generation_config.json").write_text('{"eos_token_id": [257, 3]}')
    (folder / "added_tokens.json").write_text('{"<x>": 5}')
    for _ in range(count):
        file = folder / dice.choice((*FILES, "model.safetensors"))
        before = file.read_bytes()
        if file.suffix == ".json":
            file.write_text(other_document(before.decode(), dice), "utf-8", "replace")
        else:
            file.write_bytes(other_weights(before, dice))
        try:
            converted(folder).path.unlink()
            done[0] += 1
        except WorkbenchError as error:
            assert error.message
            assert not (folder / "out.gguf").exists()
            done[1] += 1
        file.write_bytes(before)
    return done[0], done[1]


def test_a_hundred_folders(tmp_path: Path) -> None:
    sound, refused = try_many(folders.llama(tmp_path), 100, seed=1)
    assert sound > 10
    assert refused > 10


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [2, 3])
def test_thousands_of_folders(tmp_path: Path, seed: int) -> None:
    assert min(try_many(folders.llama(tmp_path), 1500, seed)) > 100
