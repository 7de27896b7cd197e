"""How many bytes the keys, values and states of each layer take, for all requests.

The rules are llama.cpp's (llama-kv-cache.cpp, llama-kv-cache-iswa.cpp, llama-memory-recurrent.cpp) for a
cache in which each request has its own part. Knows nothing of devices.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.engine_settings import EngineSettings
from workbench.memory import GpuApi
from workbench.planning.layers import Layer
from workbench.planning.weights import aligned, row_padding

_PAD = 256
_BLOCKS = {
    "f32": (1, 4),
    "f16": (1, 2),
    "bf16": (1, 2),
    "q8_0": (32, 34),
    "q5_1": (32, 24),
    "q5_0": (32, 22),
    "q4_1": (32, 20),
    "q4_0": (32, 18),
    "iq4_nl": (32, 18),
}
"""Elements in a block, and its bytes."""


def row_bytes(kv_type: str, width: int) -> int:
    elements, size = _BLOCKS[kv_type]
    return -(-width // elements) * size


def is_quantized(kv_type: str) -> bool:
    return _BLOCKS[kv_type][0] > 1


def cells(settings: EngineSettings, context_length: int) -> int:
    """Tokens that the cache holds for all requests together."""
    return padded(context_length) * settings.parallel


def window_cells(settings: EngineSettings, context_length: int, window: int) -> int:
    """Tokens that a layer with a window holds for one request."""
    return padded(min(padded(context_length), window + settings.micro_batch))


def padded(tokens: int) -> int:
    return -(-tokens // _PAD) * _PAD


def layer_bytes(
    layers: Sequence[Layer], settings: EngineSettings, context_length: int, api: GpuApi | None = None
) -> list[int]:
    """Of each layer, for all requests together, in buffers of that kind."""
    every = cells(settings, context_length)
    widest = max((layer.values for layer in layers), default=0)
    known: dict[Layer, int] = {}
    for layer in set(layers):
        held = every
        if layer.window is not None:
            held = window_cells(settings, context_length, layer.window) * settings.parallel
        values = widest if settings.flash_attention == "off" and layer.values else layer.values
        parts = ((settings.kv_type_k, layer.keys), (settings.kv_type_v, values))
        kept = sum(
            aligned(held * row_bytes(kind, width) + row_padding(width, *_BLOCKS[kind], api), api)
            for kind, width in parts
            if width
        )
        known[layer] = kept + 4 * layer.state * settings.parallel
    return [known[layer] for layer in layers]
