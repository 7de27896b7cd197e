"""Whether a model fits in the memory that is free, asked before anything of it is loaded.

A bound from the header answers for most models at once. Only where that is too large is the estimator asked,
which goes through loading the model. Knows no arithmetic of its own beyond the bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from workbench.cgroup import free_memory
from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit, EngineDied, NoSpace, Unsupported
from workbench.gguf import Header
from workbench.memory import DeviceMemory, MemoryEstimate
from workbench_llama_cpp import parameters
from workbench_llama_cpp.devices import free_on
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator

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
_GIB = 2**30
_MOST_TOKENS = 1 << 18  # of vocabularies
_SMALL_CHANGE = 1 << 28


def check_memory(header: Header, settings: EngineSettings, draft: Header | None = None) -> tuple[str, ...]:
    """What is tight, in sentences. Raises DoesNotFit, and what the estimator raises about the model."""
    free = free_memory()
    frees = {card.name: free_on(card) for card in parameters.gpus(settings)}
    on_cards = {name: bytes_ for name, bytes_ in frees.items() if bytes_ is not None}
    length = parameters.context_length(settings, header.context_length or parameters.DEFAULT_CONTEXT)
    bound = upper_bound(header, settings, length)
    if draft is not None:
        bound += upper_bound(draft, settings.for_draft(length, draft.context_length), length)
    projector = Path(settings.projector) if settings.projector else None
    if projector is not None:
        bound += 2 * projector.stat().st_size + _SMALL_CHANGE
    if bound <= min([free, *on_cards.values()]):
        return ()
    try:
        with closing(LlamaCppEstimator()) as estimator:
            estimate = estimator.estimate(header, settings, draft=draft, projector=projector)
    except (EngineDied, NoSpace, Unsupported):
        return ()  # loading it will tell
    _check(estimate, settings, length, {"CPU": free, **on_cards})
    return _notices(estimate.host, free)


def _check(estimate: MemoryEstimate, settings: EngineSettings, length: int, free: dict[str, int]) -> None:
    for device in (estimate.host, *estimate.devices):
        needed = device.total_bytes - device.mapped_bytes
        if needed > free.get(device.name, needed):
            raise _does_not_fit(device, settings, length, free[device.name])


def _does_not_fit(device: DeviceMemory, settings: EngineSettings, length: int, free: int) -> DoesNotFit:
    fixed = device.weights_bytes - device.mapped_bytes
    growing = device.total_bytes - device.weights_bytes
    where = "" if device.name == "CPU" else f" on {device.name}"
    if fixed > free * 0.9:
        return DoesNotFit(
            f"The weights take {fixed / _GIB:.1f} GiB of memory{where}, {free / _GIB:.1f} GiB is free.",
            "Take a smaller quantization" + (", or --gpu-layers with fewer layers." if where else "."),
        )
    longest = max(256, int(length * (free * 0.9 - fixed) / growing) // 256 * 256)
    requests = f" for each of {settings.parallel} requests" if settings.parallel > 1 else ""
    return DoesNotFit(
        f"A context of {length} tokens{requests} needs {(fixed + growing) / _GIB:.1f} GiB{where}, "
        f"{free / _GIB:.1f} GiB is free.",
        f"Use --context {longest}, or --kv-type q8_0 to halve what it takes.",
    )


def _notices(host: DeviceMemory, free: int) -> tuple[str, ...]:
    if host.total_bytes <= free:
        return ()
    return (
        f"The model takes {host.total_bytes / _GIB:.1f} GiB of memory and {free / _GIB:.1f} GiB is free: "
        "weights are read from the disk again and again, which is slow.",
    )


def upper_bound(header: Header, settings: EngineSettings, context_length: int) -> float:
    """Bytes that model and context take at most. Generous where layers differ, or keep little."""

    def value(name: str, default: int = 0) -> int:
        return _largest(header.metadata, f"{header.architecture}.{name}", default)

    tokens, batch = context_length * settings.parallel, settings.micro_batch
    hidden, heads = value("embedding_length"), value("attention.head_count", 1)
    width = hidden // max(heads, 1)
    k = value("attention.key_length", width) * _BYTES_PER_ELEMENT[settings.kv_type_k]
    v = value("attention.value_length", width) * _BYTES_PER_ELEMENT[settings.kv_type_v]
    kept = value("attention.head_count_kv", heads) * (k + v)
    inner = max(value("ssm.inner_size"), hidden)
    state = 4 * inner * (max(value("ssm.state_size"), value("wkv.head_size")) + 8)
    attention = batch * tokens * 4 * (0 if settings.flash_attention == "on" else heads)
    computed = 4 * batch * (4 * value("feed_forward_length") + 16 * inner) + batch * tokens * 8 + attention
    logits = 8 * _MOST_TOKENS * settings.output_rows
    layers = value("block_count") * (kept * tokens + state * settings.parallel)
    return header.weights_bytes * 1.05 + layers + computed + logits + _SMALL_CHANGE


def _largest(metadata: Mapping[str, Any], key: str, default: int) -> int:
    found = metadata.get(key, default)
    return int(found) if isinstance(found, int | float) else max((int(one) for one in found), default=default)
