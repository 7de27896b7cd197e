"""What a model takes in memory by arithmetic on its header alone, in well under a millisecond.

Weights and caches follow llama.cpp's own rules; the buffers for computing are an approximation. Knows nothing
of what a driver takes beside them.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.engine_settings import EngineSettings
from workbench.gguf import Header
from workbench.memory import DeviceMemory, MemoryEstimate, VirtualGpu
from workbench.planning.cache import cells, layer_bytes
from workbench.planning.compute import Compute, Divided
from workbench.planning.hyperparameters import Hyperparameters
from workbench.planning.layers import is_partly_known, layers
from workbench.planning.placement import placement
from workbench.planning.weights import Weights

_LOGIT_BYTES, _CELL_BYTES = 4, 48
USUAL_CONTEXT = 8192
"""What a request gets where nobody says, and the model was not trained for less."""


def context_of(settings: EngineSettings, header: Header) -> int:
    """Tokens that each request gets."""
    trained = header.context_length or USUAL_CONTEXT
    return settings.context_length or min(USUAL_CONTEXT, trained)


class Formula:
    """Estimates for one model. Raises InvalidModel for a header that gives no shape, when it is made."""

    def __init__(self, header: Header) -> None:
        numbers = Hyperparameters(header)
        self.header = header
        self.layers = numbers.layers
        self.weights = Weights(header, numbers)
        self._kept = layers(numbers)
        self._compute = Compute(header, numbers, self._kept)
        self._notes: tuple[str, ...] = ()
        if is_partly_known(numbers.architecture):
            self._notes = (f"Only part of what {numbers.architecture} keeps of each token is counted.",)

    def estimate(self, settings: EngineSettings, gpus: Sequence[VirtualGpu] = ()) -> MemoryEstimate:
        """What the model takes with these settings on these cards; with none, on the CPU alone."""
        context = context_of(settings, self.header)
        placed = self.weights.placed(settings, gpus)
        kept = {gpu.api: layer_bytes(self._kept, settings, context, gpu.api) for gpu in gpus}
        on_host = layer_bytes(self._kept, settings, context)
        held = placement(settings, gpus, self.layers)
        divided = self._divided(settings, gpus, held[0].start if held else 0)
        devices = [
            DeviceMemory(
                name=gpu.name,
                weights_bytes=placed.devices[index],
                context_bytes=sum(kept[gpu.api][held[index].start : held[index].stop]),
                compute_bytes=self._compute.device(settings, context, gpu.api, divided[min(index, 1)]),
            )
            for index, gpu in enumerate(gpus)
        ]
        return MemoryEstimate(
            devices=tuple(devices),
            host=DeviceMemory(
                name="CPU",
                weights_bytes=placed.host,
                mapped_bytes=placed.mapped,
                context_bytes=sum(on_host[: held[0].start] if held else on_host),
                compute_bytes=self._host_compute(settings, context, gpus, divided[0]),
                overhead_bytes=self._unreported(settings, context),
            ),
            basis="formula",
            notes=self._notes,
        )

    def _host_compute(
        self, settings: EngineSettings, context: int, gpus: Sequence[VirtualGpu], divided: Divided
    ) -> int:
        if not gpus:
            return self._compute.device(settings, context, None, Divided())
        return self._compute.host(settings, context, divided)

    def _unreported(self, settings: EngineSettings, context: int) -> int:
        """Logits and the list of the cache's tokens, which llama.cpp does not count either."""
        listed = cells(settings, context) if any(layer.keys for layer in self._kept) else settings.parallel
        return _LOGIT_BYTES * self._compute.vocabulary * settings.output_rows + _CELL_BYTES * listed

    def _divided(
        self, settings: EngineSettings, gpus: Sequence[VirtualGpu], host_layers: int
    ) -> tuple[Divided, Divided]:
        """For the first GPU, which fetches what the host holds, and for the others."""
        overrides = bool(settings.experts_on_cpu or settings.tensor_overrides)
        pipelined = len(gpus) > 1 and not host_layers and not overrides
        first = Divided(
            dense_bytes=self.weights.largest_dense_bytes if host_layers else 0,
            expert_bytes=self.weights.largest_expert_bytes if host_layers or overrides else 0,
            cached=max((layer.keys + layer.values for layer in self._kept[:host_layers]), default=0),
            pipelined=pipelined,
        )
        return first, Divided(pipelined=pipelined)
