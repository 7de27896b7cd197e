"""The room that Metal's flash attention takes beside its result, as ggml-metal-ops.cpp adds it up.

It is reserved whether or not a kernel comes to use it: padding of the last block, the mask's empty blocks,
partial results, K and V in f16, and the list of a sparse mask's entries.
"""

from __future__ import annotations

from workbench_llama_cpp.estimating.virtual import rules
from workbench_llama_cpp.estimating.virtual.structures import Tensor, operand, source

_HALF, _FLOAT, _INTEGER = 2, 4, 4
_BLOCK_K, _BLOCK_Q = 64, 8
_VECTOR_BLOCK_K, _VECTOR_BLOCK_Q, _VECTOR_QUERIES = 32, 1, 20
_WORKGROUPS, _QUERIES = 32, 32
_SPARSE_MOST = 4096
_SPARSE_HEADS = (
    {(32, 32), (64, 64), (96, 96), (96, 64), (128, 128), (192, 128), (192, 192)}
    | {(256, 256), (320, 256), (512, 512), (576, 512)}
)  # fmt: skip


def scratch_bytes(tensor: Tensor) -> int:
    query, keys, values = operand(tensor, 0), operand(tensor, 1), operand(tensor, 2)
    mask = source(tensor, 3)
    shared = rules.values_are_keys(tensor)
    copies = rules.padded(_HALF * rules.elements(keys), 16)
    if not shared:
        copies += rules.padded(_HALF * rules.elements(values), 16)
    partial = (
        _FLOAT * min(query.ne[1], _QUERIES) * query.ne[2] * query.ne[3] * _WORKGROUPS * (values.ne[0] + 2)
    )
    room = _padding(query, keys, values, mask, shared) + partial + copies
    if mask:
        room += _empty_blocks(query, mask) + _sparse(tensor, keys, values, mask)
    return int(room)


def _padding(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, shared: bool) -> int:
    row_k, row_v = keys.nb[1], values.nb[1]
    if query.ne[1] >= 32 and keys.type in rules.CACHE_QUANTS:
        row_k, row_v = _HALF * keys.ne[0], _HALF * (keys if shared else values).ne[0]
    room = row_k * keys.ne[2] * keys.ne[3] + row_v * values.ne[2] * values.ne[3]
    if mask:
        room += _HALF * rules.rows(mask)
    return int(_BLOCK_K * room)


def _empty_blocks(query: Tensor, mask: Tensor) -> int:
    vector = query.ne[1] < _VECTOR_QUERIES and query.ne[0] % 32 == 0
    high, wide = (_VECTOR_BLOCK_Q, _VECTOR_BLOCK_K) if vector else (_BLOCK_Q, _BLOCK_K)
    blocks = -(-mask.ne[0] // wide) * -(-query.ne[1] // high)
    return rules.padded(blocks * mask.ne[2] * mask.ne[3], 32)


def _sparse(tensor: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> int:
    most = tensor.op_params[4]
    if not 0 < most <= _SPARSE_MOST or (keys.ne[0], values.ne[0]) not in _SPARSE_HEADS:
        return 0
    if keys.type not in rules.WIDE_FLOATS | rules.CACHE_QUANTS:
        return 0
    return rules.padded(
        _INTEGER * rules.padded(most, _VECTOR_BLOCK_K) * mask.ne[1] * mask.ne[2] * mask.ne[3], 16
    )
