"""An engine's build, and the devices as it sees them: names, memory, and what the build uses of each.

Plain values. Knows no engine; what the system sees of the same card is told by workbench.machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DeviceKind = Literal["cpu", "gpu", "integrated", "accelerator", "software", "rpc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Which build of an engine is installed, as far as that can be told without loading it.

    Attributes:
        id: Another one for each build, also of the same version; "" where builds cannot be told apart.
        commit: What the build says that it was made of; where it was made inside of another repository, it
            may mean that one's.
        flags: What was switched on when it was made, such as "ggml-cuda".
    """

    id: str = ""
    commit: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineDevice:
    """One device.

    Attributes:
        name: What --device takes, such as "CUDA0".
        kind: "software" is a graphics driver that computes on the processor, which gains nothing; "rpc" is
            another machine's.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Loan:
    """What of this machine is lent to engines on other machines.

    Attributes:
        devices: Their names, empty for the GPUs that there are, else the processor.
        memory_bytes: How much may be taken on each; None for what is free.
        threads: Of the processor; None means its physical cores.
    """

    devices: tuple[str, ...] = ()
    memory_bytes: int | None = None
    threads: int | None = None
