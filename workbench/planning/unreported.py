"""What a model takes on a card beyond what any engine reports: overhead.py's answer for a model's traits.

Knows nothing of weights' places, caches and compute buffers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from workbench.engine_settings import EngineSettings
from workbench.gguf import Header
from workbench.machine.overhead import overhead_bytes
from workbench.memory import DeviceMemory, VirtualGpu

_FLOATS = ("F16", "BF16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreported:
    """What matters of a model.

    Attributes:
        moe: Whether it has experts.
        floats: Whether some layer's matrices are 16-bit floats.
        largest_quantized: Elements of its largest quantized matrix, experts apart.
    """

    moe: bool
    floats: bool
    largest_quantized: int

    @classmethod
    def of(cls, header: Header) -> Unreported:
        matrices = [one for one in header.tensors if len(one.shape) == 2]
        quantized = [one.elements for one in matrices if one.type.block_elements > 1]
        return cls(
            moe=bool(header.metadata.get(f"{header.architecture}.expert_count")),
            floats=any(one.type.name in _FLOATS and one.name.startswith("blk.") for one in matrices),
            largest_quantized=max(quantized, default=0),
        )

    def added_to(self, device: DeviceMemory, gpu: VirtualGpu, settings: EngineSettings) -> DeviceMemory:
        overhead = overhead_bytes(
            gpu,
            moe=self.moe,
            floats=self.floats,
            micro_batch=settings.micro_batch,
            largest_quantized=self.largest_quantized,
        )
        return replace(device, overhead_bytes=overhead)
