"""The text and the prompts that come with the workbench, written for it and found in no collection.

The text is prose, letters, instructions, code, tables and sums, and a little of six other languages.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def sample_text() -> str:
    return _read("sample.txt")


@cache
def sample_prompts() -> tuple[str, ...]:
    return tuple(_read("prompts.txt").splitlines())


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
