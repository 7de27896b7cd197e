"""What ggml's CUDA backend can compute, as ggml_backend_cuda_device_supports_op answers; HIP shares the code.

Taken for granted is a build with flash attention and with CUB (CUDA 11.7 or later), as all prebuilt ones are.
Training operations are left out.
"""

from __future__ import annotations

from workbench_llama_cpp.estimating.virtual import names, rules
from workbench_llama_cpp.estimating.virtual.names import BF16, F16, F32, I32, I64
from workbench_llama_cpp.estimating.virtual.rules import (
    CACHE_QUANTS,
    FLOATS,
    WIDE_FLOATS,
    Rule,
    Rules,
    alike,
    all_of,
    always,
    any_of,
    contiguous,
    contiguous_1,
    contiguous_2,
    contiguous_rows,
    for_each,
    of_type,
    result,
)
from workbench_llama_cpp.estimating.virtual.structures import Tensor, operand, source

_HADAMARD_HINT = 1
_EXACT = 10
_MULTIPLIED = (names.QUANTIZED | WIDE_FLOATS) - {names.Q8_1, names.TQ1_0, names.TQ2_0}
_LOOKED_UP = _MULTIPLIED - {names.Q8_K, names.NVFP4, names.IQ4_NL, names.MXFP4} | {I32}
_SMALL_BLOCKS = frozenset({names.IQ4_NL, names.MXFP4})
_SUPER_BLOCK = 256
_LOCAL_MEMORY = 65536  # bytes of one workgroup on AMD's


def cuda_rules(attention: Rule, *, sorts_any_length: bool) -> Rules:
    """By operation. `attention` answers for flash attention, which depends on the card."""
    return {
        **for_each(
            "NONE RESHAPE VIEW PERMUTE TRANSPOSE CONT DUP ADD_ID ADD1 SQR SQRT SIN COS CLAMP LOG", always
        ),
        **for_each("ARGMAX COUNT_EQUAL DIAG_MASK_INF SOFT_MAX CONV_TRANSPOSE_2D POOL_1D POOL_2D", always),
        **for_each("TOP_K PAD UPSCALE PAD_REFLECT_1D ARANGE TIMESTEP_EMBEDDING LEAKY_RELU RWKV_WKV6", always),
        **for_each("GATED_LINEAR_ATTN RWKV_WKV7 GATED_DELTA_NET FILL CUMSUM TRI DIAG SOLVE_TRI", always),
        **for_each("NORM RMS_NORM L2_NORM SUM", contiguous_rows(0)),
        **for_each("SUM_ROWS MEAN", all_of(of_type(F32, 0), result(F32), contiguous_rows(0))),
        **for_each("ADD SUB MUL DIV", _arithmetic),
        **for_each("MUL_MAT MUL_MAT_ID", _multiplication),
        **for_each("IM2COL IM2COL_3D CONV_2D ACC", contiguous(0, 1)),
        **for_each("ROPE ROPE_BACK", all_of(_dense_elements, contiguous_2(0))),
        "UNARY": all_of(contiguous(0), _unary),
        "GLU": all_of(contiguous_1(0), _gated),
        "OUT_PROD": all_of(of_type(F32, 0, 1), result(F32)),
        "GET_ROWS": any_of(of_type(_LOOKED_UP, 0), all_of(of_type(_SMALL_BLOCKS, 0), _super_blocks)),
        "SET_ROWS": all_of(of_type({I64, I32}, 1), _stored),
        "SET": all_of(result({F32, I32}), alike(0, 1)),
        "CPY": _copied,
        "REPEAT": of_type(FLOATS, 0),
        "CONCAT": all_of(alike(0, 1), _joined),
        "CONV_TRANSPOSE_1D": of_type(F32, 0, 1),
        "COL2IM_1D": all_of(of_type(WIDE_FLOATS, 0), alike(0), contiguous(0), rules.compact),
        "SCALE": all_of(of_type({F32, BF16}, 0), alike(0)),
        "SSM_SCAN": _selective_scan,
        "SSM_CONV": lambda tensor: operand(tensor, 0).ne[1] % 128 == 0,
        "ROLL": all_of(of_type(F32, 0), contiguous(0)),
        "CONV_3D": all_of(of_type(FLOATS, 0), of_type(F32, 1), result(F32), contiguous(0, 1), rules.compact),
        "CONV_2D_DW": all_of(of_type(FLOATS, 0), of_type(F32, 1), result(F32)),
        "ARGSORT": always if sorts_any_length else _sorts_in_local_memory,
        "GROUP_NORM": contiguous(0),
        "DSV4_HC_COMB": all_of(of_type(F32, 0, 1, 2), result(F32)),
        "DSV4_HC_PRE": all_of(of_type(F32, 0, 1), result(F32)),
        "DSV4_HC_POST": all_of(of_type(F32, 0, 1, 2), result(F32), _optional_f32),
        "FLASH_ATTN_EXT": attention,
        "LIGHTNING_INDEXER": _indexer,
    }


def _unary(tensor: Tensor) -> bool:
    return not (operand(tensor, 0).type == BF16 and names.unary(tensor.op_params[0]) == "XIELU")


def _gated(tensor: Tensor) -> bool:
    clamped = names.glu(tensor.op_params[0]) in ("SWIGLU_OAI", "SWIGLU_CLAMP")
    return not (clamped and operand(tensor, 0).type == BF16)


def _arithmetic(tensor: Tensor) -> bool:
    a, b = operand(tensor, 0).type, operand(tensor, 1).type
    if BF16 in (a, b, tensor.type):
        return a == BF16 and tensor.type == BF16 and b in (BF16, F32)
    return a in FLOATS and b in FLOATS and tensor.type in FLOATS


def _dense_elements(tensor: Tensor) -> bool:
    first = operand(tensor, 0)
    return bool(first.nb[0] == rules.element_size(first.type))


def _multiplication(tensor: Tensor) -> bool:
    a, b = operand(tensor, 0), operand(tensor, 1)
    if a.nb[0] != rules.element_size(a.type) or b.nb[0] != rules.element_size(b.type):
        return False
    chosen = tensor.op == names.numbers()["MUL_MAT_ID"]
    if b.type == F16 and a.type != F16 and (chosen or not _hadamard(tensor, a, b)):
        return False
    return a.type in _MULTIPLIED and not (chosen and tensor.op_params[3] == _EXACT)


def _hadamard(tensor: Tensor, a: Tensor, b: Tensor) -> bool:
    return (
        tensor.op_params[1] == _HADAMARD_HINT
        and a.type == tensor.type == F32
        and rules.compact(b)
        and rules.compact(tensor)
        and rules.same_shape(b, tensor)
    )


def _super_blocks(tensor: Tensor) -> bool:
    return bool(operand(tensor, 0).ne[0] % _SUPER_BLOCK == 0)


def _stored(tensor: Tensor) -> bool:
    given = operand(tensor, 0).type
    if given == F16:
        return bool(tensor.type == F16)
    return given == F32 and tensor.type in WIDE_FLOATS | CACHE_QUANTS | {names.IQ4_NL}


def _copied(tensor: Tensor) -> bool:
    given, wanted = operand(tensor, 0).type, operand(tensor, 1).type
    if given in WIDE_FLOATS and wanted in WIDE_FLOATS:
        return True
    if given == F32 and wanted in CACHE_QUANTS | {names.IQ4_NL, I32}:
        return True
    if wanted == F32 and given in CACHE_QUANTS | {I32}:
        return True
    return given == wanted and (given == I32 or contiguous(0, 1)(tensor))


def _joined(tensor: Tensor) -> bool:
    if tensor.type not in names.QUANTIZED:
        return rules.block_length(tensor.type) == 1
    whole = rules.asked("ggml_is_contiguous" if tensor.op_params[0] == 3 else "ggml_is_contiguous_to_3")
    block = rules.block_length(tensor.type)
    return all(whole(tensor.src[place]) and operand(tensor, place).ne[0] % block == 0 for place in (0, 1))


def _selective_scan(tensor: Tensor) -> bool:
    state = operand(tensor, 0)
    if operand(tensor, 3).ne[0] == 1:  # the second generation of Mamba
        return bool(state.ne[0] in (96, 128, 256) and state.ne[1] % 16 == 0)
    if tensor.op_params[0] > 1:
        return False
    single_group = operand(tensor, 4).ne[1] == 1
    return bool(state.ne[0] == 16 and state.ne[1] == 1 and state.ne[2] % 128 == 0 and single_group)


def _sorts_in_local_memory(tensor: Tensor) -> bool:
    padded = 1 << max(operand(tensor, 0).ne[0] - 1, 0).bit_length()
    return bool(padded * 4 <= _LOCAL_MEMORY)


def _optional_f32(tensor: Tensor) -> bool:
    last = source(tensor, 3)
    return last is None or last.type == F32


def _indexer(tensor: Tensor) -> bool:
    query, keys = operand(tensor, 0), operand(tensor, 1)
    if query.ne[0] != 128 or query.ne[1] not in (32, 64):
        return False
    for one in (query, keys):
        if one.type not in names.QUANTIZED and any(stride % 16 for stride in one.nb[1:]):
            return False
    return keys.type in WIDE_FLOATS | CACHE_QUANTS
