"""What went wrong inside a callback, kept until llama.cpp has returned.

C cannot carry an exception. Without this, ctypes would print it and hand llama.cpp a zero, which would become
a wrong number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_kept: list[BaseException] = []


def guarded(function: Callable[P, T], otherwise: Callable[P, T]) -> Callable[P, T]:
    """The function, which keeps its failure and answers `otherwise`: what lets llama.cpp go on to the end."""

    def call(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return function(*arguments, **named)
        except BaseException as error:  # an interruption must not be lost either
            _kept.append(error)
            return otherwise(*arguments, **named)

    return call


@contextmanager
def raised_afterwards() -> Iterator[None]:
    """Raise the first failure of a callback when the block ends, whatever else came of it."""
    try:
        yield
    finally:
        if _kept:
            first = _kept[0]
            _kept.clear()
            raise first
