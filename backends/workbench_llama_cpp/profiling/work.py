"""What a node of llama.cpp's graph does: its kind of work, and how much of it.

Knows nothing of time.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import NamedTuple

from workbench.engine_profile import WorkKind
from workbench_llama_cpp.estimating.virtual.names import operations
from workbench_llama_cpp.estimating.virtual.structures import Tensor, operand
from workbench_llama_cpp.ggml import function

_FREE = {"NONE", "RESHAPE", "VIEW", "PERMUTE", "TRANSPOSE"}
_STATE = {"SSM_SCAN", "SSM_CONV", "RWKV_WKV6", "RWKV_WKV7", "GATED_LINEAR_ATTN", "GATED_DELTA_NET"}
_MULTIPLIES = {"MUL_MAT", "MUL_MAT_ID"}


class Sort(NamedTuple):
    """What nodes have in common that are timed together."""

    kind: WorkKind
    type: str
    place: str


class Amount(NamedTuple):
    """Bytes read of weights or cache, and operations."""

    bytes_read: int
    operations: int


def costs_nothing(node: Tensor) -> bool:
    return operations()[node.op] in _FREE


def sort_of(node: Tensor) -> Sort:
    name = operations()[node.op]
    if name in _MULTIPLIES:
        factor = operand(node, 0)
        kind: WorkKind = "weights" if _is_weight(factor) else "attention"
        return Sort(kind, _type_name(factor.type), place(node))
    if name == "FLASH_ATTN_EXT":
        return Sort("attention", _type_name(operand(node, 1).type), place(node))
    if name == "SOFT_MAX" and node.name.startswith(b"kq"):  # the others choose experts
        return Sort("attention", "", place(node))
    return Sort("state" if name in _STATE else "other", "", place(node))


def amount(node: Tensor) -> Amount:
    """Experts of different tokens are taken as different ones, as far as there are so many."""
    name = operations()[node.op]
    if name == "FLASH_ATTN_EXT":
        query, keys, values = (operand(node, index) for index in range(3))
        looks = query.ne[1] * query.ne[2] * query.ne[3] * keys.ne[1]
        return Amount(_bytes(keys) + _bytes(values), 2 * looks * (keys.ne[0] + values.ne[0]))
    if name not in _MULTIPLIES:
        return Amount(0, 0)
    factor = operand(node, 0)
    share = 1.0
    if name == "MUL_MAT_ID":
        chosen = operand(node, 2)
        share = min(1.0, chosen.ne[0] * chosen.ne[1] / factor.ne[2])
    results = node.ne[0] * node.ne[1] * node.ne[2] * node.ne[3]
    return Amount(round(_bytes(factor) * share), 2 * results * factor.ne[0])


def place(node: Tensor) -> str:
    """The device whose memory its result is in; all of the CPU's kinds of memory are one."""
    if not node.buffer:
        return "CPU"
    name = _buffer_name(node.buffer)
    return "CPU" if name.startswith("CPU") or name.endswith("_Host") else name


def _is_weight(factor: Tensor) -> bool:
    return b".weight" in factor.name


def _bytes(tensor: Tensor) -> int:
    """As ggml counts: a view of the cache as far as it reaches."""
    pointer = ctypes.c_void_p
    counted: int = function("ggml-base", "ggml_nbytes", ctypes.c_size_t, pointer)(ctypes.addressof(tensor))
    return counted


@lru_cache
def _buffer_name(buffer: int) -> str:
    pointer = ctypes.c_void_p
    name: bytes = function("ggml-base", "ggml_backend_buffer_name", ctypes.c_char_p, pointer)(buffer)
    return name.decode(errors="replace")


@lru_cache
def _type_name(number: int) -> str:
    name: bytes = function("ggml-base", "ggml_type_name", ctypes.c_char_p, ctypes.c_int)(number)
    return name.decode().upper()
