"""What a model takes on a GPU, by formula: neither engine tells it before it has loaded.

The formulas follow the sources of exllamav2 0.3.2 (cache.py, attn.py, mlp.py, linear.py) and exllamav3 1.6.5
(cache/quant.py). They leave out the driver, and what several GPUs take twice.
"""

from __future__ import annotations

from workbench.engine_settings import EngineSettings
from workbench.errors import Unsupported
from workbench.memory import DeviceMemory, MemoryEstimate
from workbench_exllama.model_config import ExllamaModel

PAGE = 256
"""Tokens of the cache that are given to requests at once."""

MOST_INPUT = 2048
"""Tokens that are computed in one pass."""

_MOST_DEQUANTIZED = 512 << 20
_SCALES = 0.125
"""Bytes of scales beside an element of K and one of V in a quantized cache: half floats, each for 32."""

_BITS = {"f16": 16, "q8_0": 8, "q5_1": 5, "q5_0": 5, "q4_1": 4, "q4_0": 4}
_EXL2_BITS = {(16, 16), (8, 8), (8, 4), (4, 4)}


def cache_bits(model: ExllamaModel, settings: EngineSettings) -> tuple[int, int]:
    """Bits of the elements of K and of V. Raises Unsupported for a cache that the engine has not."""
    key, value = (_BITS.get(kind, 0) for kind in (settings.kv_type_k, settings.kv_type_v))
    known = (key, value) in _EXL2_BITS if model.format == "exl2" else (key == 16) == (value == 16)
    if not known or not key or not value:
        raise Unsupported(
            f"{model.format.upper()} models have no cache of {settings.kv_type_k} and {settings.kv_type_v}.",
            "Choose f16, q8_0 or q4_0 for both.",
        )
    return key, value


def cache_tokens(context_length: int, parallel: int) -> int:
    """How long the cache is: whole pages for each request, and room for the token after the last."""
    return parallel * -(-(context_length + 1) // PAGE) * PAGE


def estimate(model: ExllamaModel, settings: EngineSettings, context_length: int) -> MemoryEstimate:
    """Raises Unsupported as `cache_bits` does."""
    tokens = cache_tokens(context_length, settings.parallel)
    embedding = min(model.embedding_bytes, model.weights_bytes)
    gpu = DeviceMemory(
        name="GPU",
        weights_bytes=model.weights_bytes - embedding,
        context_bytes=_cache_bytes(model, cache_bits(model, settings), tokens),
        compute_bytes=_scratch_bytes(model),
    )
    host = DeviceMemory(name="CPU", weights_bytes=embedding, context_bytes=0, compute_bytes=0)
    return MemoryEstimate(devices=(gpu,), host=host, basis="formula")


def _cache_bytes(model: ExllamaModel, bits: tuple[int, int], tokens: int) -> int:
    """Quantized ones are unpacked layer by layer, into 16 bits for both."""
    row = tokens * model.kv_heads * model.head_dim
    if bits == (16, 16):
        return 4 * model.layers * row
    return int(model.layers * row * (sum(bits) / 8 + _SCALES)) + 4 * row


def _scratch_bytes(model: ExllamaModel) -> int:
    """States of one pass, and the largest matrix in 16 bits while it is unpacked."""
    wide = max(model.heads * model.head_dim, model.hidden)
    state = 2 * MOST_INPUT * wide
    largest = max(model.hidden * model.intermediate, model.hidden * model.vocabulary_size)
    return state + 4 * MOST_INPUT * model.intermediate + 2 * min(largest, _MOST_DEQUANTIZED)
