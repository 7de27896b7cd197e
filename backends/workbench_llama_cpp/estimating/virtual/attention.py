"""CUDA's flash attention: which kernel would be taken, and the room it needs beside its result.

All kernels but one work on K and V in f16. A cache of another type is converted into space that is reserved
behind the result, for as many tokens as the cache can hold: so a quantized cache costs compute memory. Ports
fattn.cu. The gathering kernel for sparse masks is left out: it matters for single tokens only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.memory import VirtualGpu
from workbench_llama_cpp.estimating.virtual import names, rules
from workbench_llama_cpp.estimating.virtual.names import BF16, F16, F32, Q4_0, Q8_0
from workbench_llama_cpp.estimating.virtual.structures import Tensor, operand, source

Kernel = Literal["none", "vector", "matrix"]  # tile and tensor core kernels need the same room: "matrix"

_CACHE_STEP = 256
_ALIGNMENT = 128
_EQUAL_SIZES = (40, 64, 72, 80, 96, 112, 128, 256)
_LATENT = {
    192: (128, 8),
    320: (256, 32),
    512: (512, 1),
    576: (512, 1),
}  # K's size: V's, heads per K in steps of
_CACHED = rules.WIDE_FLOATS | rules.CACHE_QUANTS
_VECTOR_KERNELS = {(F16, F16), (BF16, BF16), (Q4_0, Q4_0), (Q8_0, Q8_0)}  # compiled unless asked for more
_VOLTA, _TURING, _ADA = 700, 750, 890


@dataclass(frozen=True, slots=True)
class FlashAttention:
    """As one generation of cards does it; 0 stands for those without NVIDIA's tensor cores, such as AMD's."""

    generation: int

    def supported(self, tensor: Tensor) -> bool:
        return self.kernel(tensor) != "none"

    def kernel(self, tensor: Tensor) -> Kernel:
        query, keys, values = operand(tensor, 0), operand(tensor, 1), operand(tensor, 2)
        mask, grouped = source(tensor, 3), _grouped(tensor)
        if not _sizes_fit(query, keys, values, grouped):
            return "none"
        if keys.type not in _CACHED or values.type not in _CACHED or (mask and mask.ne[2] != 1):
            return "none"
        head = query.ne[0]
        if head > 256 or head % 64 or head == 192 or keys.ne[1] % _CACHE_STEP:
            return "matrix"
        quantized = keys.type in names.QUANTIZED or values.type in names.QUANTIZED
        return "vector" if self._few(query, keys, quantized, grouped) else "matrix"

    def _few(self, query: Tensor, keys: Tensor, quantized: bool, grouped: bool) -> bool:
        """Whether there are so few queries that the vector kernel is the faster one."""
        shared = query.ne[2] // keys.ne[2]
        if _VOLTA <= self.generation < _TURING:
            return bool(query.ne[1] * _power_of_two(shared, 8) <= 2)
        if quantized:
            both = self.generation >= _ADA or self.generation < _VOLTA
            return bool(query.ne[1] <= (2 if both else 1))
        if query.ne[1] != 1:
            return False
        long = shared > 4 and (query.ne[0] >= 256 or keys.ne[1] >= 8192)
        return not grouped or (self.generation >= _ADA and query.ne[3] == 1 and not long)

    def size(self, tensor: Tensor) -> int:
        """Bytes of the result together with the f16 copies of K and V."""
        end = rules.nbytes(tensor)
        keys, values = operand(tensor, 1), operand(tensor, 2)
        copies_k, copies_v = self._copies(tensor, keys.type, values.type)
        if copies_k:
            end = rules.padded(end, _ALIGNMENT) + 2 * rules.elements(keys)
        if copies_v and not rules.values_are_keys(tensor):
            end = rules.padded(end, _ALIGNMENT) + 2 * rules.elements(values)
        return end

    def _copies(self, tensor: Tensor, type_k: int, type_v: int) -> tuple[bool, bool]:
        kernel = self.kernel(tensor)
        if kernel == "none":
            return False, False
        direct = (F16 if type_k == F32 else type_k, F16 if type_v == F32 else type_v) in _VECTOR_KERNELS
        if kernel == "vector" and direct:
            return type_k == F32, type_v == F32
        return type_k != F16, type_v != F16


def flash_attention(gpu: VirtualGpu) -> FlashAttention:
    """As that card does it; a CUDA card of an unknown generation is taken for a recent one."""
    if gpu.api != "cuda":
        return FlashAttention(0)
    major, minor = gpu.compute_capability or divmod(_ADA // 10, 10)
    return FlashAttention(100 * major + 10 * minor)


def _grouped(tensor: Tensor) -> bool:
    """Whether several query heads that share a K head can be computed together."""
    query, keys, values, mask = (source(tensor, place) for place in range(4))
    if query is None or keys is None or mask is None or query.ne[2] // keys.ne[2] < 2:
        return False
    if rules.float_parameter(tensor, 1) != 0.0 or keys.ne[1] % _CACHE_STEP:
        return False
    strided = (one for one in (query, keys, values, mask) if one and one.type not in names.QUANTIZED)
    return not any(stride % 16 for one in strided for stride in one.nb[1:])


def _sizes_fit(query: Tensor, keys: Tensor, values: Tensor, grouped: bool) -> bool:
    size = keys.ne[0]
    if size in _EQUAL_SIZES:
        return bool(values.ne[0] == size)
    if size not in _LATENT or not grouped:
        return False
    size_v, step = _LATENT[size]
    return bool(values.ne[0] == size_v and query.ne[2] // keys.ne[2] % step == 0)


def _power_of_two(ratio: int, most: int) -> int:
    effective = 1
    while ratio % (2 * effective) == 0 and effective < most:
        effective *= 2
    return effective
