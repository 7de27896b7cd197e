"""JSON files of a model's folder, read within bounds, and values looked up in them with checked types.

The files are untrusted: what is wrong with one ends in InvalidModel that names the file and the key.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from workbench.errors import InvalidModel

MAX_BYTES = 256 << 20
_BROKEN = "Fetch the model again, or ask whoever made it."
Kind = TypeVar("Kind")


class Entries:
    """A JSON object with the name of its file."""

    def __init__(self, file: str, values: dict[str, Any]) -> None:
        self.file = file
        self.values = values

    def __contains__(self, key: str) -> bool:
        return self.values.get(key) is not None

    def integer(self, *keys: str, default: int | None = None, low: int = 0, high: int = 2**31 - 1) -> int:
        """The first key that is there; raises InvalidModel where none is and there is no default."""
        value = self._found(keys, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.refuse(keys[0], f"is {_shown(value)}, which is no whole number from {low} to {high}")
        return value

    def number(self, *keys: str, default: float | None = None) -> float:
        value = self._found(keys, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e30:
            self.refuse(keys[0], f"is {_shown(value)}, which is no number")
        return float(value)

    def text(self, key: str, default: str = "") -> str:
        return self._typed(key, str, default)

    def flag(self, key: str, default: bool = False) -> bool:
        return self._typed(key, bool, default)

    def items(self, key: str) -> list[Any]:
        return self._typed(key, list, [])

    def object(self, key: str) -> Entries:
        """The object at the key; an empty one where there is none."""
        return Entries(self.file, self._typed(key, dict, {}))

    def objects(self, key: str) -> list[Entries]:
        """The objects of the list at the key."""
        items = self.items(key)
        if not all(isinstance(item, dict) for item in items):
            self.refuse(key, "holds something else than objects")
        return [Entries(self.file, item) for item in items]

    def numbers(self, key: str) -> list[float]:
        items = self.items(key)
        if not all(isinstance(item, int | float) and abs(item) < 1e30 for item in items):
            self.refuse(key, "holds something else than numbers")
        return [float(item) for item in items]

    def refuse(self, key: str, what: str) -> NoReturn:
        """Raise InvalidModel with what is wrong with the key."""
        raise InvalidModel(f"{self.file}: {key} {what}.", _BROKEN)

    def _found(self, keys: tuple[str, ...], default: Any) -> Any:
        for key in keys:
            if key in self:
                return self.values[key]
        if default is None:
            self.refuse(keys[0], "is missing")
        return default

    def _typed(self, key: str, kind: type[Kind], default: Kind) -> Kind:
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, kind):
            self.refuse(key, f"is {_shown(value)}, which is no {_NAMES[kind]}")
        return value


_NAMES: dict[type, str] = {str: "text", bool: "true or false", list: "list", dict: "object"}


def _shown(value: Any) -> str:
    shown = json.dumps(value, default=str)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def read_text(path: Path, limit: int = MAX_BYTES) -> str:
    """The text of a file; raises InvalidModel where it cannot be read, is larger than `limit` or no UTF-8."""
    try:
        with open(path, "rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise InvalidModel(f"{path} cannot be read: {error.strerror}.", "Check the folder.") from error
    if len(content) > limit:
        raise InvalidModel(f"{path.name} is larger than {limit >> 20} MiB.", _BROKEN)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InvalidModel(f"{path.name} is not UTF-8 text.", _BROKEN) from error


def parse_object(text: str | bytes, name: str, *, unique: bool = False) -> dict[str, Any]:
    """The object that the text is; raises InvalidModel, with `unique` also where one key is there twice."""
    try:
        document = json.loads(text, object_pairs_hook=_unique if unique else None)
    except (ValueError, RecursionError) as error:
        raise InvalidModel(f"{name} is not sound JSON: {error}.", _BROKEN) from error
    if not isinstance(document, dict):
        raise InvalidModel(f"{name} holds no JSON object.", _BROKEN)
    return document


def read_object(path: Path) -> Entries:
    return Entries(path.name, parse_object(read_text(path), path.name))


def read_object_if_there(path: Path) -> Entries:
    """As read_object; without entries where there is no such file."""
    return read_object(path) if path.is_file() else Entries(path.name, {})


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key is there twice")
    return document
