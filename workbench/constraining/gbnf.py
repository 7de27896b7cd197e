"""llama.cpp's grammar notation, read into rules. Knows nothing of what becomes of them.

A rule goes on until the next `name ::=`, over any number of lines.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from workbench.errors import InvalidConstraint

DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Text:
    """These characters."""

    text: str


@dataclass(frozen=True, slots=True)
class Characters:
    """One character of these ranges of code points, or one of no such range; no ranges and `other`: any."""

    ranges: tuple[tuple[int, int], ...]
    other: bool


@dataclass(frozen=True, slots=True)
class ControlToken:
    """A token by its name or number, in angle brackets."""

    name: str


@dataclass(frozen=True, slots=True)
class Reference:
    """What the rule of that name matches."""

    name: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of them."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Repetition:
    """From `least` to `most` times, None for any number."""

    part: Part
    least: int
    most: int | None


Part = Text | Characters | ControlToken | Reference | Sequence | Choice | Repetition

_PIECES = re.compile(
    r"""(?P<space>[ \t\r\n]+|\#[^\n]*)
    |(?P<rule>[A-Za-z0-9_-]+[ \t]*::=)
    |(?P<name>[A-Za-z0-9_-]+)
    |"(?P<text>(?:[^"\\]|\\.)*)"
    |\[(?P<characters>\^?(?:[^\]\\]|\\.)+)\]
    |(?P<token><\[[0-9]+\]>|<[^<>\s]+>)
    |(?P<repetition>[*+?]|\{\s*[0-9]+\s*(?:,\s*[0-9]*\s*)?\})
    |(?P<mark>[().|])""",
    re.VERBOSE | re.DOTALL,
)
_CHARACTER = re.compile(r"\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(.)|(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_TIMES = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def read_gbnf(grammar: str) -> dict[str, Part]:
    """The rules by name, in their order. Raises InvalidConstraint with the line of the fault."""
    return _Reader(grammar).rules()


class _Reader:
    def __init__(self, grammar: str) -> None:
        self._grammar = grammar
        self._at = 0
        self._depth = 0
        self._kind, self._piece = "", ""
        self._next()

    def rules(self) -> dict[str, Part]:
        rules: dict[str, Part] = {}
        while self._kind:
            if self._kind != "rule":
                self._fail("a rule begins with its name and ::=")
            name = self._take().removesuffix("::=").rstrip()
            rules[name] = self._choice()
        return rules

    def _choice(self) -> Part:
        parts = [self._sequence()]
        while self._piece == "|" and self._kind == "mark":
            self._next()
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self) -> Part:
        parts = list[Part]()
        while self._kind not in ("", "rule") and not (self._kind == "mark" and self._piece in "|)"):
            part = self._part()
            while self._kind == "repetition":
                part = Repetition(part, *self._times())
            parts.append(part)
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _part(self) -> Part:
        match self._kind:
            case "name":
                return Reference(self._take())
            case "text":
                return Text("".join(chr(point) for _, point in _characters(self._take(), self._fail)))
            case "characters":
                return _ranges(self._take(), self._fail)
            case "token":
                return ControlToken(self._take())
            case "mark" if self._piece == ".":
                self._next()
                return Characters((), other=True)
            case "mark":
                return self._group()
        self._fail("there is nothing to repeat")

    def _group(self) -> Part:
        self._depth += 1
        if self._depth > DEEPEST:
            self._fail(f"more than {DEEPEST} parentheses are open")
        self._next()
        inner = self._choice()
        if self._piece != ")":
            self._fail("a parenthesis is not closed")
        self._next()
        self._depth -= 1
        return inner

    def _times(self) -> tuple[int, int | None]:
        written = self._take()
        if written in _TIMES:
            return _TIMES[written]
        least, comma, most = (part.strip() for part in written.strip("{}").partition(","))
        return int(least), (int(most) if most else None) if comma else int(least)

    def _take(self) -> str:
        piece = self._piece
        self._next()
        return piece

    def _next(self) -> None:
        while found := _PIECES.match(self._grammar, self._at):
            self._at = found.end()
            self._kind = str(found.lastgroup)
            self._piece = found[self._kind]
            if self._kind != "space":
                return
        if self._at < len(self._grammar):
            self._fail(f"{self._grammar[self._at : self._at + 20]!r} cannot be read")
        self._kind = self._piece = ""

    def _fail(self, reason: str) -> NoReturn:
        line = self._grammar.count("\n", 0, self._at) + 1
        raise InvalidConstraint(f"The grammar is wrong in line {line}: {reason}.", "Correct the grammar.")


def _characters(written: str, fail: Callable[[str], NoReturn]) -> Iterator[tuple[bool, int]]:
    """Whether each was escaped, and its code point."""
    for found in _CHARACTER.finditer(written):
        code = found[1] or found[2] or found[3]
        if code:
            point = int(code, 16)
            if point > sys.maxunicode or 0xD800 <= point < 0xE000:
                fail(f"{found[0]} is no character")
            yield True, point
        elif found[4]:
            if found[4].isalnum() and found[4] not in _ESCAPED:
                fail(f"{found[0]} means nothing")
            yield True, ord(_ESCAPED.get(found[4], found[4]))
        else:
            yield False, ord(found[5])


def _ranges(written: str, fail: Callable[[str], NoReturn]) -> Characters:
    other = written.startswith("^")
    points = list(_characters(written[other:], fail))
    ranges = list[tuple[int, int]]()
    while points:
        (_, low), *points = points
        high = low
        if len(points) > 1 and points[0] == (False, ord("-")):
            (_, high), *points = points[1:]
        if high < low:
            fail(f"{chr(low)}-{chr(high)} runs backwards")
        ranges.append((low, high))
    return Characters(tuple(ranges), other)
