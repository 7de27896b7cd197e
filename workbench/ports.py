"""The ports: what some backends can do besides answering, such as telling the memory a model would take.

A backend hands one out through its method of the same name, or None. Knows no engine by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.calibration_request import CalibrationProgress, CalibrationRequest
from workbench.engine_device import Loan
from workbench.engine_profile import EngineProfile, ProfileRequest
from workbench.engine_settings import EngineSettings
from workbench.gguf import Header
from workbench.memory import MemoryEstimate, VirtualGpu
from workbench.quantize_request import QuantizePlan, QuantizeProgress, QuantizeRequest, QuantType

if TYPE_CHECKING:
    import socket

    import numpy as np
    from numpy.typing import NDArray


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


class ScoredModel(ABC):
    """A loaded model that gives its logits for tokens that are given. Not for several threads at once.

    Attributes:
        name: What messages call it.
        first_token: The token that the model begins each text with, where it has one.
        end_tokens: The tokens that end an answer.
        most_outputs: For how many tokens it gives logits at once.
        chat_template: In Jinja; special_tokens are the texts that it may name.
    """

    name: str
    vocabulary_size: int
    first_token: int | None
    end_tokens: frozenset[int]
    most_outputs: int
    chat_template: str | None
    special_tokens: dict[str, str]

    @abstractmethod
    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """As Engine.tokenize, with the tokens that the model begins and ends texts with."""

    @abstractmethod
    def extend(
        self, tokens: Sequence[int] | NDArray[np.int32], outputs: int, *, anew: bool = False
    ) -> NDArray[np.float32]:
        """Compute these tokens after those before, or `anew` after none.

        Returns the logits after each of the last `outputs` of them, in shape (outputs, vocabulary_size);
        they hold until the next call. Raises ContextExceeded, InvalidRequest or EngineDied.
        """

    @abstractmethod
    def close(self) -> None:
        """End what was started. Idempotent."""


class Scorer(ABC):
    """Port: what a model thinks of a text, token by token."""

    @abstractmethod
    def open(self, model: str, settings: EngineSettings) -> ScoredModel:
        """Load the model at this path in a process of its own; `context_length` is the longest text.

        Raises as Backend.open, and Unsupported for a model that does not continue text.
        """


class Calibrator(ABC):
    """Port: importance matrices, by which quantizers know what counts. For one thread at a time."""

    @abstractmethod
    def calibrate(self, request: CalibrationRequest, progress: CalibrationProgress) -> None:
        """Read the text and write the matrix. Whatever ends it, the file at `target` stays whole.

        Raises as opening the model does, InvalidRequest for a text that is too short, Unsupported for models
        that cannot be measured so, NoSpace and EngineDied.
        """

    @abstractmethod
    def close(self) -> None:
        """End what was started, whatever it is doing. Idempotent."""


class StandIns(ABC):
    """Port: models of random weights that cost the engine what a model does that is not here."""

    @abstractmethod
    def shortened(self, header: Header, layers: int) -> Header:
        """Of a model that ends after so many layers, and is the same else. Raises InvalidModel."""

    @abstractmethod
    def write(self, header: Header, target: Path) -> None:
        """A file with this header and a vocabulary of its own, which the engine opens as it does others.

        Its weights are random, finite, and each in its own place of memory. Raises InvalidModel, NoSpace and
        EngineDied.
        """

    @abstractmethod
    def close(self) -> None:
        """End what was started. Idempotent."""


class Profiler(ABC):
    """Port: where the time of an engine's passes goes, and what its kernels reach without a model."""

    @abstractmethod
    def profile(self, request: ProfileRequest, progress: Callable[[str], None]) -> EngineProfile:
        """Load the model, look, and give everything back; `progress` is told what is done at the moment.

        Raises as Backend.open does, Unsupported for models that do not continue text, and EngineDied.
        """


class Lender(ABC):
    """Port: this machine's devices, lent to the same engine on other machines."""

    @abstractmethod
    def lend(self, listener: socket.socket, loan: Loan, tell: Callable[[str], None]) -> None:
        """Serve who connects, one after the other; tell what is lent, where, and who comes. Does not return.

        Raises Unsupported where this build cannot, InvalidRequest for a device that is not there, EngineDied.
        """

    @abstractmethod
    def install(self) -> Path:
        """Make this build able to lend and to borrow, and give what was added. It takes a minute.

        Raises EngineUnavailable where this machine lacks what that takes.
        """
