"""Where the time of an engine's passes goes, as the engine itself tells, and what its kernels reach at best.

Plain values. An operation is one of floating-point numbers: a multiplication and an addition count as two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.engine_settings import EngineSettings

WorkKind = Literal["weights", "attention", "state", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRequest:
    """What to look into: passes after `depth` tokens, some writing one, some reading `prompt` tokens.

    The kernels of `types` of weights are measured too, where they have fewer bits than the model's most.
    """

    model: str
    settings: EngineSettings
    depth: int = 0
    prompt: int = 512
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Operations of one kind within a pass.

    Attributes:
        kind: "weights" multiplies by them, "attention" looks at the tokens before, "state" carries on what a
            recurrent layer remembers of them, "other" is all else.
        type: The element type of the weights, or of the cache; "" for others.
        place: The device that computes them, "CPU" or such as "CUDA0".
        bytes_read: Of weights, or of the cache; those of experts that had no part are not counted.
    """

    kind: WorkKind
    type: str
    place: str
    seconds: float
    bytes_read: int
    operations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PassProfile:
    """One pass over so many `tokens`; `seconds` is what computing took, which the parts add up to."""

    tokens: int
    seconds: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """What multiplying by large matrices of one type reaches on `place`, without any model around.

    Attributes:
        bytes_per_second: Of weights, for one token at a time, from memory that no cache holds.
        operations_per_second: For many tokens at a time.
        bits: For each weight.
    """

    type: str
    place: str
    bytes_per_second: float
    operations_per_second: float
    bits: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineProfile:
    """What was found.

    Attributes:
        threads: Of the CPU, as the engine decided.
        sampling_seconds: What drawing one token takes by the usual settings.
        disk_reads: Pages that had to come from the disk, for each token written.
    """

    threads: int
    write: PassProfile
    read: PassProfile
    sampling_seconds: float
    disk_reads: float
    kernels: tuple[Kernel, ...]
