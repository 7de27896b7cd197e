"""The contract of a program that quantizes folders of safetensors by itself: what to run, and how far it is.

Such tools are found by entry point, as backends are. Knows none by name, and runs nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from workbench.quantize_request import QuantType


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRequest:
    """A folder of fewer bits, made of a model as transformers saves it.

    Attributes:
        source: Its folder.
        target: The folder to be written, which is there and empty.
        scratch: A folder for what the tool keeps meanwhile, so that it can go on after an interruption.
        type: One of the tool's types.
        bits: Per weight, on average; None for the tool's own choice, or where the type says it.
    """

    source: Path
    target: Path
    scratch: Path
    type: str
    bits: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A command to be run to its end, and what it does, such as "measuring"."""

    command: tuple[str, ...]
    doing: str


class QuantizeTool(ABC):
    """One program. Importing its module imports nothing of it.

    Attributes:
        types: Those it can make.
        takes_bits: Whether bits per weight can be chosen.
    """

    types: tuple[QuantType, ...]
    takes_bits: bool = False

    @abstractmethod
    def missing(self) -> str:
        """The command or step that makes it run here; "" where it can run."""

    @abstractmethod
    def steps(self, request: ToolRequest) -> tuple[Step, ...]:
        """What to run, one after the other; what is done already is left out.

        Raises InvalidModel or InvalidRequest for what the tool would spoil.
        """

    def share(self, line: str) -> float | None:
        """How much of a step is done, from 0 to 1, by a line that it printed; None where it does not tell."""
        return None
