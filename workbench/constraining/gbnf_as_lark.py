"""GBNF as llguidance's Lark, so that the language stays the same.

llguidance reads terminals greedily, so what does not recurse is made one terminal, as large as can be: within
it, unlike between two, every way to read a text is followed.
"""

from __future__ import annotations

from itertools import groupby
from typing import assert_never

from workbench.constraining.gbnf import (
    Characters,
    Choice,
    ControlToken,
    Part,
    Reference,
    Repetition,
    Sequence,
    Text,
    read_gbnf,
)
from workbench.errors import InvalidConstraint


def gbnf_as_lark(grammar: str) -> str:
    """Raises InvalidConstraint."""
    try:
        return _Translation(read_gbnf(grammar)).lark()
    except RecursionError:
        raise InvalidConstraint(
            "The grammar's rules refer to each other over too many steps.", "Ask for a simpler form."
        ) from None


class _Translation:
    def __init__(self, rules: dict[str, Part]) -> None:
        self._rules = rules
        self._numbers = {name: number for number, name in enumerate(rules)}
        self._regular: dict[str, bool] = {}
        self._terminals = list[str]()

    def lark(self) -> str:
        lines = [f"start: {self._name('root')}"]
        for name, part in self._rules.items():
            if self._is_regular(Reference(name)):
                lines.append(f"{self._name(name)}: {self._terminal(part)}")
            else:
                lines.append(f"{self._name(name)}: {self._rule(part)}")
        return "\n".join([*lines, *self._terminals, ""])

    def _name(self, rule: str) -> str:
        if rule not in self._rules:
            raise InvalidConstraint(f"The grammar has no rule {rule!r}.", "Correct the grammar.")
        return f"{'RULE' if self._is_regular(Reference(rule)) else 'rule'}_{self._numbers[rule]}"

    def _is_regular(self, part: Part) -> bool:
        """Whether it neither recurses nor holds a control token."""
        match part:
            case Text() | Characters():
                return True
            case ControlToken():
                return False
            case Sequence(parts) | Choice(parts):
                return all(self._is_regular(each) for each in parts)
            case Repetition(each):
                return self._is_regular(each)
            case Reference(name):
                if name not in self._regular:
                    self._regular[name] = False  # until it is known: whoever comes back here recurses
                    self._regular[name] = name in self._rules and self._is_regular(self._rules[name])
                return self._regular[name]
            case _:
                assert_never(part)

    def _terminal(self, part: Part) -> str:
        match part:
            case Text(text):
                return f"/{''.join(_point(ord(each)) for each in text)}/" if text else '""'
            case Characters(ranges, other):
                return _class(ranges, other)
            case Reference(name):
                return self._name(name)
            case Sequence(parts):
                return " ".join(self._terminal(each) for each in parts) or '""'
            case Choice(parts):
                return f"({' | '.join(self._terminal(each) for each in parts)})"
            case Repetition(each, least, most):
                return f"({self._terminal(each)}){_times(least, most)}"
            case ControlToken():
                raise AssertionError("no terminal holds a control token")
            case _:
                assert_never(part)

    def _rule(self, part: Part) -> str:
        if self._is_regular(part):
            return self._named_terminal(part)
        match part:
            case ControlToken(name):
                return name
            case Reference(name):
                return self._name(name)
            case Sequence(parts):
                return " ".join(self._rule(each) for each in self._joined(parts))
            case Choice(parts):
                return f"({' | '.join(self._rule(each) for each in parts)})"
            case Repetition(each, least, most):
                return f"({self._rule(each)}){_times(least, most)}"
            case _:
                raise AssertionError("characters are regular")

    def _joined(self, parts: tuple[Part, ...]) -> list[Part]:
        """What is regular and stands together is one part."""
        joined = list[Part]()
        for regular, together in groupby(parts, self._is_regular):
            alike = list(together)
            joined += [Sequence(tuple(alike))] if regular else alike
        return joined

    def _named_terminal(self, part: Part) -> str:
        if isinstance(part, Reference):
            return self._name(part.name)
        name = f"PART_{len(self._terminals)}"
        self._terminals.append(f"{name}: {self._terminal(part)}")
        return name


def _point(point: int) -> str:
    return rf"\x{{{point:X}}}"


def _class(ranges: tuple[tuple[int, int], ...], other: bool) -> str:
    if not ranges:
        return r"/(.|\n)/"
    written = "".join(_point(low) if low == high else f"{_point(low)}-{_point(high)}" for low, high in ranges)
    return f"/[{'^' if other else ''}{written}]/"


def _times(least: int, most: int | None) -> str:
    return f"{{{least},{'' if most is None else most}}}"
