"""On how many GPUs a model runs with vLLM, and how they share it.

By arithmetic: weights and cache are divided as vLLM divides them, what computing takes is approximated.
vLLM itself measures that when it starts, and refuses a context for which there is no room then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from workbench import wording
from workbench.errors import DoesNotFit, InvalidRequest, Unsupported
from workbench.fleet.model import FleetModel
from workbench.memory import VirtualGpu

CacheType = Literal["f16", "fp8"]
UTILIZATION = 0.92
"""The share of a GPU's memory that vLLM takes unless it is told otherwise (CacheConfig of 0.29 to 0.33)."""
_CACHE_BYTES: dict[CacheType, int] = {"f16": 2, "fp8": 1}
_RUNTIME_BYTES = 1 << 30
"""CUDA's context and graphs, and NCCL's buffers."""
_TOKENS_AT_ONCE, _BYTES_FOR_EACH_NUMBER = 8192, 32
"""Tokens that one pass may compute, and what it holds of each for every number of the hidden state."""
_MOST_MACHINES = 64
_OLDEST = (7, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: in a replica `parallel` requests of `context_length` tokens have room at once."""

    gpu: VirtualGpu
    gpus_per_machine: int
    context_length: int
    parallel: int
    cache: CacheType = "f16"
    replicas: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuMemory:
    """Bytes on each GPU; `working_bytes` are approximate, and `cache_bytes` is what is left for the cache."""

    weights_bytes: int
    working_bytes: int
    cache_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """One replica: `tensor_parallel` GPUs in each of `pipeline_parallel` stages.

    Attributes:
        requests: Of the whole context, for which there is room at once.
    """

    tensor_parallel: int
    pipeline_parallel: int
    memory: GpuMemory
    requests: int

    @property
    def gpus(self) -> int:
        return self.tensor_parallel * self.pipeline_parallel


def sized(model: FleetModel, wanted: Wanted) -> Sized:
    """The fewest GPUs that do, in one machine as long as that is enough.

    Raises DoesNotFit, Unsupported for GPUs that vLLM does not run on, and InvalidRequest for a context longer
    than the model was trained for.
    """
    _check(model, wanted)
    best = None
    for tensor, pipeline in _divisions(model, wanted.gpus_per_machine):
        best = _divided(model, wanted, tensor, pipeline)
        if best.requests >= wanted.parallel:
            return best
    assert best is not None
    takes = best.memory.weights_bytes + best.memory.working_bytes
    raise DoesNotFit(
        f"Even on {best.gpus} x {wanted.gpu.name} there is no room for {wanted.parallel} requests of "
        f"{wanted.context_length} tokens: weights and computing take {wording.size(takes)} of each.",
        "Take a larger card, more of them with --gpus, a shorter --context, or a smaller quantization.",
    )


def _check(model: FleetModel, wanted: Wanted) -> None:
    gpu, trained = wanted.gpu, model.context_length
    if gpu.api not in ("cuda", "hip"):
        raise Unsupported(f"vLLM does not run on {gpu.name}.", "Name an NVIDIA or AMD card with --gpu.")
    if gpu.compute_capability is not None and gpu.compute_capability < _OLDEST:
        raise Unsupported(
            f"{gpu.name} is too old for vLLM.", "Name a card of compute capability 7.0 or later."
        )
    if trained is not None and wanted.context_length > trained:
        raise InvalidRequest(
            f"A context of {wanted.context_length} tokens is longer than the {trained} that the model was "
            "trained for.",
            f"Give --context {trained} or less.",
        )


def _divisions(model: FleetModel, gpus: int) -> Iterator[tuple[int, int]]:
    """Heads are divided evenly; keys and values of fewer heads than there are GPUs are kept several times."""
    tensor = [
        count
        for count in range(1, gpus + 1)
        if model.heads % count == 0 and (model.kv_heads % count == 0 or count % model.kv_heads == 0)
    ]
    yield from ((count, 1) for count in tensor)
    yield from ((tensor[-1], stages) for stages in range(2, min(model.layers, _MOST_MACHINES) + 1))


def _divided(model: FleetModel, wanted: Wanted, tensor: int, pipeline: int) -> Sized:
    """By the stage with the most layers."""
    share = -(-model.layers // pipeline) / model.layers
    weights = int(model.weights_bytes * share / tensor)
    working = _RUNTIME_BYTES + _TOKENS_AT_ONCE * model.hidden * _BYTES_FOR_EACH_NUMBER
    held = 1 if model.latent else max(1 / tensor, 1 / model.kv_heads)
    token = model.cache_elements * _CACHE_BYTES[wanted.cache] * share * held
    left = int(wanted.gpu.memory_bytes * UTILIZATION) - weights - working
    return Sized(
        tensor_parallel=tensor,
        pipeline_parallel=pipeline,
        memory=GpuMemory(weights_bytes=weights, working_bytes=working, cache_bytes=max(left, 0)),
        requests=max(int(left / (token * wanted.context_length)), 0) if token else max(left, 0),
    )
