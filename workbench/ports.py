"""The ports: what some backends can do besides answering, such as telling the memory a model would take.

A backend hands one out through its method of the same name, or None. Knows no engine by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from workbench.engine_settings import EngineSettings
from workbench.gguf import Header
from workbench.memory import MemoryEstimate, VirtualGpu


class Estimator(ABC):
    """Port: what a model would take in memory, its draft and projector too, told from headers alone."""

    @abstractmethod
    def estimate(
        self, header: Header, settings: EngineSettings, gpus: Sequence[VirtualGpu] | None = None,
        *, draft: Header | None = None, projector: Path | None = None,
    ) -> MemoryEstimate:  # fmt: skip
        """`gpus` None: this machine's; (): none. Raises InvalidModel, InvalidRequest or EngineDied."""

    def prepare(self) -> None:  # noqa: B027 - there may be nothing to do
        """Begin what takes long, and return at once, so that the first answer comes sooner."""

    @abstractmethod
    def close(self) -> None:
        """End what was started. Idempotent."""
