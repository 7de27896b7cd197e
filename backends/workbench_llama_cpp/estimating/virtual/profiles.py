"""In what ggml's backends for GPUs differ, as far as memory is concerned.

Read in ggml 0.25.3. HIP is CUDA's code, compiled for AMD. Metal and Vulkan also put the nodes of a
computation into another order and fuse some. That is not imitated: their compute buffers come out too small
by up to UNORDERED_BYTES for each 512 tokens of the micro-batch, or too large, seldom by more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbench.memory import GpuApi, VirtualGpu
from workbench_llama_cpp.estimating.virtual import names, rules
from workbench_llama_cpp.estimating.virtual.attention import flash_attention
from workbench_llama_cpp.estimating.virtual.graph_dependencies import Keep, keep_fused
from workbench_llama_cpp.estimating.virtual.rules import Rules
from workbench_llama_cpp.estimating.virtual.sizes import Size, cuda_size, metal_size
from workbench_llama_cpp.estimating.virtual.structures import Tensor
from workbench_llama_cpp.estimating.virtual.supports_cuda import cuda_rules
from workbench_llama_cpp.estimating.virtual.supports_metal import metal_rules
from workbench_llama_cpp.estimating.virtual.supports_vulkan import vulkan_rules

_WORTH_MOVING = 32  # tokens from which a GPU computes with weights that lie in main memory
_GIB = 2**30

UNORDERED_BYTES = 48 * 2**20
"""More than the original functions added, over eleven models with contexts of 8192 to 131072 tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One backend on one card.

    Attributes:
        family: What its devices are called, before their number.
        alignment: Of a tensor in a buffer, in bytes.
        largest_buffer: The size above which a buffer is split; None where there is none.
        pinned: Whether main memory that the GPU reads is kept apart, as NAME_Host.
        supports: What it can compute, by operation.
        size: What a tensor takes where that is more than its bytes; None where it never is.
        keep_fused: What its fusions keep in memory for longer.
        moves: Whether it wants an operation whose weights lie in main memory.
        refuses_peers: Whether it refuses what lies on another card of its family, before anything else.
    """

    family: str
    alignment: int
    supports: Rules
    moves: Callable[[Tensor], bool]
    size: Size | None = None
    largest_buffer: int | None = None
    pinned: bool = True
    keep_fused: Callable[[int, Keep], None] | None = None
    refuses_peers: bool = False


def profile(gpu: VirtualGpu) -> Profile:
    return _PROFILES[gpu.api](gpu)


def _cuda(gpu: VirtualGpu, family: str = "CUDA") -> Profile:
    attention = flash_attention(gpu)
    return Profile(
        family=family,
        alignment=128,
        supports=cuda_rules(attention.supported, sorts_any_length=gpu.api == "cuda"),
        size=cuda_size(attention),
        keep_fused=keep_fused,
        moves=_large_batch,
        refuses_peers=True,
    )


def _hip(gpu: VirtualGpu) -> Profile:
    return _cuda(gpu, "ROCm")


def _metal(gpu: VirtualGpu) -> Profile:
    multiplied = {names.numbers()["MUL_MAT"], names.numbers()["MUL_MAT_ID"]}
    return Profile(
        family="MTL",
        alignment=32,
        supports=metal_rules(),
        size=metal_size(),
        pinned=False,
        moves=lambda tensor: tensor.op in multiplied and _large_batch(tensor),
    )


def _vulkan(gpu: VirtualGpu) -> Profile:
    """The alignment is that of NVIDIA's driver; others have between 4 and 64 bytes."""
    return Profile(
        family="Vulkan", alignment=16, supports=vulkan_rules(), largest_buffer=_GIB, moves=_large_batch
    )


def _large_batch(tensor: Tensor) -> bool:
    operation = names.operations()[tensor.op]
    if operation == "GET_ROWS":
        return False
    if operation == "MUL_MAT":
        return bool(tensor.ne[1] >= _WORTH_MOVING)
    if operation in ("MUL_MAT_ID", "ROPE", "ROPE_BACK"):
        return bool(tensor.ne[2] >= _WORTH_MOVING)
    return rules.rows(tensor) >= _WORTH_MOVING


_PROFILES: dict[GpuApi, Callable[[VirtualGpu], Profile]] = {
    "cuda": _cuda,
    "hip": _hip,
    "metal": _metal,
    "vulkan": _vulkan,
}
