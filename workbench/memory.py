"""What a model takes in memory, device by device, and the cards that one may ask about.

Plain values. Knows neither how they are found nor what is free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.errors import InvalidRequest

GpuApi = Literal["cuda", "hip", "metal", "vulkan", "rpc"]
"""How the card is reached; "rpc" on another machine, whatever it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMemory:
    """Bytes that a model takes on one device, by what they are for.

    Attributes:
        name: The engine's name for the device, such as "CUDA0" or "CPU", or a virtual card's own name.
        context_bytes: The KV cache and recurrent state.
        compute_bytes: What the computation itself needs, logits included.
        overhead_bytes: What no engine reports, such as the driver's context; from a model of its own.
        mapped_bytes: Of the weights, those that stay in their file, mapped: they take memory only while there
            is some to spare, and are read again when it was needed otherwise.
    """

    name: str
    weights_bytes: int
    context_bytes: int
    compute_bytes: int
    overhead_bytes: int = 0
    mapped_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        return self.weights_bytes + self.context_bytes + self.compute_bytes + self.overhead_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEstimate:
    """What a model would take with certain settings.

    Attributes:
        devices: The GPUs, in the engine's order; empty where all is on the CPU.
        host: Main memory, whether or not it can be paged out.
        basis: "dry run" when the engine computed it, "formula" when it is arithmetic on the header.
        notes: What was done another way than usual, in sentences.
    """

    devices: tuple[DeviceMemory, ...]
    host: DeviceMemory
    basis: Literal["dry run", "formula"]
    notes: tuple[str, ...] = ()

    @property
    def total_bytes(self) -> int:
        return self.host.total_bytes + sum(device.total_bytes for device in self.devices)


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualGpu:
    """A card that one need not own, as far as memory is concerned.

    Attributes:
        multiprocessors: Streaming multiprocessors or compute units.
        driver_bytes: What the driver takes as soon as a process uses the card, where that was measured.
        unified: Whether it shares the host's memory, as Apple's do.
    """

    name: str
    memory_bytes: int
    api: GpuApi = "cuda"
    multiprocessors: int | None = None
    compute_capability: tuple[int, int] | None = None
    bandwidth_bytes_per_second: float | None = None
    unified: bool = False
    driver_bytes: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.memory_bytes < 2**63:
            raise InvalidRequest(
                f"A card with {self.memory_bytes} bytes of memory cannot be.", "Give it a size such as 24GiB."
            )
