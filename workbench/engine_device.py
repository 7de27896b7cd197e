"""A device as an engine sees it: what it is called there, its memory, and what the engine's build uses of it.

A plain value. Knows no engine; what the system sees of the same card is told by workbench.machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DeviceKind = Literal["cpu", "gpu", "integrated", "accelerator", "software"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineDevice:
    """One device.

    Attributes:
        name: What --device takes, such as "CUDA0".
        kind: "software" is a graphics driver that computes on the processor, which gains nothing.
        memory_total: Bytes; None where the engine does not tell. memory_free likewise.
        bus_id: Its place, such as "0000:01:00.0"; "" where there is none.
        features: What the engine's build uses of it, such as "AVX2" or "ARCHS=890".
    """

    name: str
    description: str = ""
    kind: DeviceKind = "cpu"
    memory_total: int | None = None
    memory_free: int | None = None
    bus_id: str = ""
    features: tuple[str, ...] = ()
