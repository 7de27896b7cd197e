"""What is asked for when the use of a model's weights is measured, as a value. Knows no engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from workbench.engine_settings import EngineSettings

CalibrationProgress = Callable[[int, int], None]
"""Told how many pieces of the text of how many are done; what it raises ends the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRequest:
    """An importance matrix of the model at the path `model`, from a text that it reads.

    Attributes:
        settings: How the model is loaded; the text is read in pieces of `context_length` tokens.
        special: Control tokens in the text are read as such.
        output: The output matrix is measured too.
        most_chunks: Read no more pieces than that.
        target: Where the matrix goes at the end, and after each `save_every` pieces what there is of it.
        done_chunks: So many pieces are in the file at `target` from before; they are not read again.
        dataset: What the file calls the text; `notes` are written into it besides.
    """

    model: str
    text: str = field(repr=False)
    settings: EngineSettings
    target: str
    special: bool = False
    output: bool = False
    most_chunks: int | None = None
    save_every: int = 10
    done_chunks: int = 0
    dataset: str = ""
    notes: tuple[tuple[str, str], ...] = ()


DONE_CHUNKS = "workbench.imatrix.done_chunks"
"""The note in a file at `target` that tells how many pieces it holds."""
