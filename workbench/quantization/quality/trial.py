"""What is measured and how, and how far that is, as plain values."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbench.ports import ScoredModel
from workbench.quantization.quality.block_file import BlockFile


@dataclass(frozen=True, slots=True)
class Subject:
    """A model to measure: what it is called, where it is, and a digest of its files."""

    name: str
    path: Path
    digest: str


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of the steps with this model are done; `seconds_left` is None while that is not known."""

    subject: Subject
    done: int
    total: int
    seconds_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How models are measured.

    Attributes:
        load: Opens a model with room for `window` tokens, and for a prompt and its answer.
        window: Tokens of the text that are computed together.
        most_windows: Windows of the text that are judged at most; None means all.
        prompts: What the base is asked, to see whether the others answer the same.
        folder: Where what is measured is kept, for this base, text, window and way of loading alone.
    """

    load: Callable[[Subject], ScoredModel]
    text: str
    window: int
    most_windows: int | None
    prompts: tuple[str, ...]
    folder: Path
    told: Callable[[Progress], None]

    def answers_file(self, of: str) -> Path:
        """Where answers to these prompts are kept."""
        digest = hashlib.sha256("\0".join(self.prompts).encode()).hexdigest()
        return self.folder / f"{of}-{digest[:16]}.answers"


class Filling:
    """Adds to files what is missing, step by step, and tells how long the rest will take."""

    def __init__(self, subject: Subject, total: int, done: int, told: Callable[[Progress], None]) -> None:
        self._subject, self._told = subject, told
        self._total, self._done = total, done
        self._first, self._started = done, time.monotonic()
        self._tell()

    def fill(self, file: BlockFile, count: int, make: Callable[[int], bytes]) -> None:
        """Append blocks until there are `count`; `make` gets the number of each."""
        for number in range(len(file), count):
            file.append(make(number))
            self._done += 1
            self._tell()

    def _tell(self) -> None:
        new = self._done - self._first
        each = (time.monotonic() - self._started) / new if new else None
        left = None if each is None else each * (self._total - self._done)
        self._told(Progress(self._subject, self._done, self._total, left))
