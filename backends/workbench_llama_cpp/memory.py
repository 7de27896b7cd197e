"""Whether a context fits in the machine's memory, asked before it is allocated.

A bound from the header answers most questions at once. Only when that bound is too large is llama.cpp itself
asked, with a model and a context that allocate nothing. Knows nothing of GPUs: they refuse by themselves.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import psutil

from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit
from workbench.gguf import Header
from workbench_llama_cpp import parameters
from workbench_llama_cpp.binding import llama, log

_BYTES_PER_ELEMENT = {
    "f32": 4.0,
    "f16": 2.0,
    "bf16": 2.0,
    "q8_0": 34 / 32,
    "q5_1": 24 / 32,
    "q5_0": 22 / 32,
    "q4_1": 20 / 32,
    "q4_0": 18 / 32,
    "iq4_nl": 18 / 32,
}
_COMPUTE_BYTES = 2**30
_PROBE_TOKENS = 65536


def check_memory(path: str, header: Header, settings: EngineSettings, context_length: int) -> None:
    """Raise DoesNotFit when the cache and its compute buffers need more than is free."""
    free = psutil.virtual_memory().available
    tokens = context_length * settings.parallel
    if parameters.gpu_count() or cache_bound(header, settings) * tokens + _COMPUTE_BYTES <= free:
        return
    needed = _needed(path, settings, context_length)
    if needed is None or needed <= free:
        return
    share = free * 0.9 / needed
    longest = max(256, int(context_length * share) // 256 * 256)
    requests = f" for each of {settings.parallel} requests" if settings.parallel > 1 else ""
    raise DoesNotFit(
        f"A context of {context_length} tokens{requests} needs {needed / 2**30:.1f} GiB, "
        f"{free / 2**30:.1f} GiB is free.",
        f"Use --context {longest}, or --kv-type q8_0 to halve what it takes.",
    )


def _needed(path: str, settings: EngineSettings, context_length: int) -> int | None:
    """The dry run's answer; for very long contexts, the line through two long ones, which is much quicker."""
    tokens = context_length * settings.parallel
    if tokens <= 2 * _PROBE_TOKENS:
        return dry_run(path, settings, context_length)
    near = dry_run(path, settings, _PROBE_TOKENS // settings.parallel)
    far = dry_run(path, settings, 2 * _PROBE_TOKENS // settings.parallel)
    if near is None or far is None:
        return None
    return far + (far - near) * (tokens - 2 * _PROBE_TOKENS) // _PROBE_TOKENS


def cache_bound(header: Header, settings: EngineSettings) -> float:
    """Bytes per token at most: as if every layer kept a full K and V. Windows and latents need less."""

    def value(name: str, default: int) -> int:
        return _largest(header.metadata, f"{header.architecture}.{name}", default)

    heads = value("attention.head_count", 1)
    width = value("embedding_length", 0) // max(heads, 1)
    kv_heads = value("attention.head_count_kv", heads)
    k = value("attention.key_length", width) * _BYTES_PER_ELEMENT[settings.kv_type_k]
    v = value("attention.value_length", width) * _BYTES_PER_ELEMENT[settings.kv_type_v]
    return value("block_count", 0) * kv_heads * (k + v)


def dry_run(path: str, settings: EngineSettings, context_length: int) -> int | None:
    """Bytes of cache, state and compute buffers as llama.cpp computes them; None where it refuses."""
    functions = llama()
    model_parameters, kept = parameters.model_parameters(settings, lambda share: True)
    model_parameters.no_alloc = True
    model_parameters.load_mode = functions.LLAMA_LOAD_MODE_NONE  # the others abort the process with no_alloc
    log.clear()
    model = functions.llama_model_load_from_file(os.fsencode(path), model_parameters)
    if model is None:
        return None
    context = functions.llama_init_from_model(model, parameters.context_parameters(settings, context_length))
    said = log.text()
    if context is not None:
        functions.llama_free(context)
    functions.llama_model_free(model)
    del kept
    return needed_bytes(said) if context is not None else None


def needed_bytes(said: str) -> int:
    """Add up the sizes that llama.cpp logs, which are real also when nothing is allocated."""
    pattern = r"(?:cache[^\n]*?: size|compute buffer size|RS buffer size)\s*=\s*([\d.]+) MiB"
    return int(sum(float(size) for size in re.findall(pattern, said)) * 2**20)


def _largest(metadata: Mapping[str, Any], key: str, default: int) -> int:
    found = metadata.get(key, default)
    return int(found) if isinstance(found, int | float) else max((int(one) for one in found), default=default)
