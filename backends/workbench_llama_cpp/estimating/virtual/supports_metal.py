"""What ggml's Metal backend can compute, as ggml_metal_device_supports_op answers on an M1 or later.

Taken for granted are simdgroup matrices, simdgroup reduction and bfloat, which all of Apple's own chips for
the Mac have. Training operations are left out.
"""

from __future__ import annotations

from workbench_llama_cpp.estimating.virtual import names, rules
from workbench_llama_cpp.estimating.virtual.names import BF16, F16, F32, I8, I16, I32, I64
from workbench_llama_cpp.estimating.virtual.rules import (
    CACHE_QUANTS,
    FLOATS,
    WIDE_FLOATS,
    Rules,
    alike,
    all_of,
    always,
    any_of,
    contiguous,
    contiguous_1,
    contiguous_rows,
    for_each,
    of_type,
    result,
)
from workbench_llama_cpp.estimating.virtual.structures import Tensor, operand, source

_HADAMARD_HINT = 1
_SHORTEST_TRANSFORM, _LONGEST_TRANSFORM = 64, 8192
_COPIED_QUANTS = CACHE_QUANTS | {names.Q1_0, names.Q2_0, names.TQ2_0}
_STORED = WIDE_FLOATS | CACHE_QUANTS | {names.IQ4_NL, names.TQ2_0}
_HEADS = {32, 40, 48, 64, 72, 80, 96, 112, 128, 192, 256, 320, 512, 576}


def metal_rules() -> Rules:
    """By operation."""
    plain = all_of(contiguous_rows(0), of_type(FLOATS, 0))
    return {
        **for_each("SCALE FILL CLAMP SQR SQRT SIN COS LOG", plain),
        **for_each(
            "NONE RESHAPE VIEW TRANSPOSE PERMUTE REPEAT CONV_TRANSPOSE_1D ARGMAX ROPE ROPE_BACK", always
        ),
        **for_each("ARGSORT TOP_K ARANGE SSM_SCAN SSM_CONV RWKV_WKV6 RWKV_WKV7 DIAG", always),
        **for_each("TRI SUM_ROWS CUMSUM MEAN SOFT_MAX GROUP_NORM L2_NORM NORM RMS_NORM", contiguous_rows(0)),
        **for_each("ADD SUB MUL DIV ADD_ID", all_of(plain, contiguous_rows(1), _same_types)),
        **for_each("UPSCALE POOL_2D PAD PAD_REFLECT_1D TIMESTEP_EMBEDDING SOLVE_TRI", of_type(F32, 0)),
        **for_each("SUM ROLL", contiguous(0)),
        **for_each("SET CPY DUP CONT", _copied),
        "UNARY": plain,
        "GLU": all_of(contiguous_1(0), of_type(FLOATS, 0)),
        "CONCAT": all_of(alike(0, 1), result({I8, I16, I32, I64} | WIDE_FLOATS | CACHE_QUANTS)),
        "ACC": all_of(contiguous_rows(0, 1), of_type(F32, 0)),
        "CONV_TRANSPOSE_2D": all_of(contiguous(0, 1), of_type(FLOATS, 0), of_type(F32, 1), result(F32)),
        "COL2IM_1D": all_of(of_type(WIDE_FLOATS, 0), alike(0), contiguous(0), rules.compact),
        "CONV_3D": all_of(contiguous(0, 1), of_type(FLOATS, 0), of_type(F32, 1)),
        "COUNT_EQUAL": all_of(of_type(I32, 0, 1), result(I64)),
        "IM2COL": all_of(contiguous(1), of_type(F32, 1), result(FLOATS)),
        "CONV_2D": all_of(contiguous(0), of_type(FLOATS, 0), of_type(F32, 1), result(F32)),
        "CONV_2D_DW": all_of(of_type(FLOATS, 0), of_type(F32, 1), result(F32)),
        "POOL_1D": all_of(contiguous(0), of_type(F32, 0)),
        "LEAKY_RELU": of_type(FLOATS, 0),
        "FLASH_ATTN_EXT": _attention,
        "LIGHTNING_INDEXER": _indexer,
        "DSV4_HC_COMB": all_of(of_type(F32, 0, 1, 2), result(F32), contiguous_rows(0, 1, 2), _combines),
        "DSV4_HC_PRE": all_of(of_type(F32, 0, 1), result(F32), contiguous_rows(0, 1)),
        "DSV4_HC_POST": all_of(of_type(F32, 0, 1, 2), result(F32), contiguous_rows(0, 1, 2), _spreads),
        "GATED_DELTA_NET": lambda tensor: operand(tensor, 2).ne[0] % 32 == 0,
        "MUL_MAT": any_of(_multiplication, _hadamard),
        "MUL_MAT_ID": _chosen_multiplication,
        "GET_ROWS": lambda tensor: operand(tensor, 0).type not in (names.NVFP4, names.TQ1_0),
        "SET_ROWS": _stored,
    }


def _same_types(tensor: Tensor) -> bool:
    return bool(operand(tensor, 0).type == operand(tensor, 1).type)


def _copied(tensor: Tensor) -> bool:
    given, wanted = operand(tensor, 0).type, tensor.type
    if given == F32:
        return wanted in WIDE_FLOATS | _COPIED_QUANTS | {names.IQ4_NL, I32}
    if given == I32:
        return wanted in (F32, I32)
    if given == BF16:
        return wanted in (F32, BF16)
    return wanted in FLOATS and given in _COPIED_QUANTS | {F16}


def _stored(tensor: Tensor) -> bool:
    given = operand(tensor, 0).type
    return bool(tensor.type == F16) if given == F16 else given == F32 and tensor.type in _STORED


def _attention(tensor: Tensor) -> bool:
    keys, values = operand(tensor, 1), operand(tensor, 2)
    if operand(tensor, 0).ne[0] not in _HEADS or keys.ne[0] < values.ne[0]:
        return False
    if keys.ne[0] == 72 and values.ne[0] != 72:
        return False
    return keys.type == values.type and keys.type in WIDE_FLOATS | CACHE_QUANTS


def _multiplication(tensor: Tensor) -> bool:
    a, b = operand(tensor, 0), operand(tensor, 1)
    if a.type in (names.NVFP4, names.TQ1_0):
        return False
    if b.type != F16 or a.type == F16:
        return True
    turned = a.nb[0] > a.nb[1] or b.nb[0] > b.nb[1]
    return bool(a.type != BF16 and not turned and a.ne[0] >= 64 and b.ne[1] > 8)


def _chosen_multiplication(tensor: Tensor) -> bool:
    a = operand(tensor, 0)
    if a.type in (names.NVFP4, names.TQ1_0):
        return False
    many = a.ne[0] >= 64 and operand(tensor, 2).ne[1] >= 32
    return bool(operand(tensor, 1).type != F16 or (a.type != BF16 and many))


def _hadamard(tensor: Tensor) -> bool:
    a, b = operand(tensor, 0), operand(tensor, 1)
    hinted = tensor.op_params[1] == _HADAMARD_HINT and a.type == tensor.type == F32 and b.type == F16
    size = b.ne[0]
    fits = _SHORTEST_TRANSFORM <= size <= _LONGEST_TRANSFORM and size & (size - 1) == 0
    return bool(
        hinted and fits and rules.compact(b) and rules.compact(tensor) and rules.same_shape(b, tensor)
    )


def _indexer(tensor: Tensor) -> bool:
    query, keys = operand(tensor, 0), operand(tensor, 1)
    typed = query.type == operand(tensor, 2).type == tensor.type == F32 and operand(tensor, 3).type == F16
    sized = query.ne[0] == 128 and query.ne[1] == 64
    return typed and sized and contiguous_rows(0, 1, 2, 3)(tensor) and keys.type in WIDE_FLOATS | CACHE_QUANTS


def _combines(tensor: Tensor) -> bool:
    return bool(operand(tensor, 0).ne[0] == operand(tensor, 2).ne[0] == 24 and operand(tensor, 1).ne[0] >= 3)


def _spreads(tensor: Tensor) -> bool:
    if operand(tensor, 1).ne[1] != 4 or operand(tensor, 2).ne[0] != 4:
        return False
    last = source(tensor, 3)
    return last is None or (last.type == F32 and last.ne[0] == last.ne[1] == 4 and contiguous_rows(3)(tensor))
