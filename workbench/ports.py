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
from workbench.quantize_request import QuantizePlan, QuantizeProgress, QuantizeRequest, QuantType


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


class Quantizer(ABC):
    """Port: files of a model in fewer bits. For one thread at a time."""

    @property
    @abstractmethod
    def types(self) -> tuple[QuantType, ...]:
        """Those it can make, from few bits to many. Loads nothing."""

    @abstractmethod
    def type_named(self, name: str) -> QuantType:
        """That type, whatever the case of its letters. Raises InvalidRequest and suggests others."""

    @abstractmethod
    def plan(self, request: QuantizeRequest) -> QuantizePlan:
        """What would come of it. Raises InvalidModel, InvalidRequest or EngineDied."""

    @abstractmethod
    def quantize(
        self, request: QuantizeRequest, target: Path, progress: QuantizeProgress
    ) -> tuple[Path, ...]:
        """Write it and return the files: `target`, or for several shards names that begin with it.

        Raises as `plan` does, and NoSpace; then, and also when the caller is killed, no such file is left.
        """

    @abstractmethod
    def close(self) -> None:
        """End what was started, whatever it is doing. Idempotent."""
