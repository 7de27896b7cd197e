"""Memory on a GPU that no engine reports: the driver's context, library workspaces and growing pools.

A model from published measurements, to be shown as a line of its own; where the driver's part was measured on
the card itself, that is taken. Knows neither weights nor contexts.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.memory import VirtualGpu

_MIB = 2**20
_CUDA_CONTEXT_PER_MULTIPROCESSOR = int(3.1 * _MIB)
"""Inferred from three cards: 555 MiB on 188 SMs and 107 MiB on 34 (ggml-org/llama.cpp#23604), 256 MiB on 82
(invoke-ai/InvokeAI#9413). An H200 took more, 518 MiB on 132: a card that is here is measured."""
_CONTEXT = {"cuda": 457 * _MIB, "hip": 457 * _MIB, "vulkan": 457 * _MIB, "metal": 512 * _MIB}
"""Where multiprocessors are unknown or do not tell: what Ollama kept free (ml/device.go)."""
_WORKSPACE, _HOPPER_WORKSPACE = 4 * _MIB, 32 * _MIB
"""cuBLAS, as ggml asks for it (ggml-cuda/common.cuh); Hopper and later get the larger one."""
_POOL, _MOE_POOL, _POOL_MICRO_BATCH = 64 * _MIB, 128 * _MIB, 512
"""The high water of ggml's CUDA pool, mostly quantized activations, which grow with the micro-batch."""
_CUBLAS = 80 * _MIB
"""The library's own code and buffers, once it multiplies; measured on an H200: 174 MiB beyond the driver's
context with F16 weights, 84 to 90 with quantized ones."""
_CUDA_HOST = 48 * _MIB
"""Of main memory, once a process computes with CUDA; measured beside an H200: 37 to 62 MiB."""
_TURING, _DP4A, _VOLTA = (7, 5), (6, 1), (7, 0)


def overhead_bytes(
    gpu: VirtualGpu,
    *,
    moe: bool = False,
    floats: bool = False,
    micro_batch: int = 512,
    largest_quantized: int = 0,
) -> int:
    """What a model's engine takes on this card beyond weights, cache and compute buffers.

    Args:
        gpu: The card.
        moe: Whether the model has experts, whose activations are computed several at a time.
        floats: Whether its matrices are stored as 16-bit floats, which cuBLAS multiplies.
        micro_batch: Tokens computed in one pass at most.
        largest_quantized: Elements of the largest quantized matrix; cards that cannot multiply it as it is
            unpack it to f16 for long prompts.
    """
    if gpu.api == "rpc":  # its own machine has counted that out of what is free
        return 0
    pool = (_MOE_POOL if moe else _POOL) * max(micro_batch, _POOL_MICRO_BATCH) // _POOL_MICRO_BATCH
    if gpu.api != "cuda":
        return context_bytes(gpu) + (0 if gpu.api == "metal" else pool)
    unpacked = 2 * largest_quantized if _unpacks(gpu.compute_capability) else 0
    library = _CUBLAS if floats or unpacked else 0
    return context_bytes(gpu) + _workspace(gpu.compute_capability) + pool + library + unpacked


def host_overhead_bytes(gpus: Sequence[VirtualGpu]) -> int:
    """What a driver takes of main memory beside the process itself, once its cards compute."""
    return _CUDA_HOST if any(gpu.api == "cuda" for gpu in gpus) else 0


def context_bytes(gpu: VirtualGpu) -> int:
    """What the driver takes as soon as a process uses the card."""
    if gpu.driver_bytes is not None:
        return gpu.driver_bytes
    if gpu.api == "cuda" and gpu.multiprocessors:
        return gpu.multiprocessors * _CUDA_CONTEXT_PER_MULTIPROCESSOR
    return _CONTEXT[gpu.api]


def _workspace(capability: tuple[int, int] | None) -> int:
    return _HOPPER_WORKSPACE if capability and capability >= (9, 0) else _WORKSPACE


def _unpacks(capability: tuple[int, int] | None) -> bool:
    """Whether ggml hands quantized matrices to cuBLAS (ggml_cuda_should_use_mmq): Volta, and before DP4A."""
    return capability is not None and (capability < _DP4A or _VOLTA <= capability < _TURING)
