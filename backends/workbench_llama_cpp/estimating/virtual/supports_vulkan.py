"""What ggml's Vulkan backend can compute, as ggml_backend_vk_device_supports_op answers for a desktop card.

Taken for granted are the Vulkan memory model, subgroup shuffle, vote and arithmetic, and 16-bit floats. A
tensor larger than one storage buffer may be is refused; drivers that know 64-bit indexing would take it.
Training operations are left out.
"""

from __future__ import annotations

from workbench_llama_cpp.estimating.virtual import names, rules
from workbench_llama_cpp.estimating.virtual.names import BF16, F16, F32, I32, I64
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
    contiguous_rows,
    for_each,
    of_type,
    result,
)
from workbench_llama_cpp.estimating.virtual.structures import SOURCES, Tensor, operand, source

LARGEST_BUFFER = 2**32 - 1
_LOCAL_MEMORY = 32768
_LARGEST_WORKGROUP = 1024
_EXACT = 10
_BILINEAR, _ANTIALIAS = 1, 1 << 9
_BY_ADDRESS = ("IM2COL", "IM2COL_3D")
_ONE_BIT = {names.Q1_0, names.Q2_0}
_MULTIPLIED = (names.QUANTIZED | WIDE_FLOATS) - {names.Q8_1, names.Q8_K}
_STORED = WIDE_FLOATS | CACHE_QUANTS | _ONE_BIT | {names.IQ4_NL}


def vulkan_rules() -> Rules:
    """By operation; what does not fit into one storage buffer is left to others, where it is bound as one."""
    found = _by_operation()
    return {name: rule if name in _BY_ADDRESS else all_of(_bindable, rule) for name, rule in found.items()}


def _by_operation() -> Rules:
    flat = all_of(contiguous(0), of_type(F32, 0))
    elementwise = all_of(of_type(FLOATS, 0), alike(0))
    return {
        **for_each("ROPE_BACK NONE RESHAPE VIEW PERMUTE TRANSPOSE RMS_NORM RWKV_WKV6 RWKV_WKV7", always),
        **for_each("MUL_MAT MUL_MAT_ID", _multiplication),
        **for_each("CONT CPY DUP", _copied),
        **for_each("NORM L2_NORM", all_of(of_type(F32, 0), result(F32))),
        **for_each("ADD SUB MUL DIV", all_of(of_type(FLOATS, 0, 1), result(FLOATS))),
        **for_each("SQR SQRT SIN COS CLAMP LEAKY_RELU LOG TRI DIAG UNARY", elementwise),
        **for_each("ARGSORT TOP_K", all_of(rules.compact, contiguous(0))),
        **for_each("SUM SUM_ROWS MEAN CUMSUM", all_of(of_type(F32, 0), contiguous_rows(0))),
        **for_each("PAD PAD_REFLECT_1D ROLL TIMESTEP_EMBEDDING SSM_CONV", of_type(F32, 0)),
        **for_each("SCALE DIAG_MASK_INF ARGMAX POOL_1D POOL_2D", flat),
        **for_each("CONV_2D CONV_TRANSPOSE_2D", _convolution),
        "GLU": all_of(elementwise, _gate_alike),
        "FLASH_ATTN_EXT": _attention,
        "GET_ROWS": of_type(_MULTIPLIED | {I32}, 0),
        "SET_ROWS": all_of(of_type(FLOATS, 0), of_type({I32, I64}, 1), result(_STORED)),
        "REPEAT": _repeated,
        "ROPE": all_of(rules.compact_rows, contiguous_rows(0)),
        "GROUP_NORM": contiguous(0),
        "UPSCALE": all_of(of_type(F32, 0), _scaled),
        "ADD_ID": all_of(of_type(F32, 0, 1), of_type(I32, 2), result(F32)),
        "OUT_PROD": all_of(contiguous(0, 1), of_type(F32, 0, 1), result(F32)),
        "ACC": all_of(of_type(F32, 0, 1), result(F32)),
        "SET": all_of(alike(0, 1), result({F32, I32})),
        "CONCAT": all_of(alike(0, 1), _joined),
        "ADD1": any_of(of_type(F32, 0, 1), all_of(of_type(F16, 0), of_type(FLOATS, 1))),
        "ARANGE": result(F32),
        "FILL": result(FLOATS),
        "SOFT_MAX": all_of(flat, _mask_of_floats),
        **for_each("DSV4_HC_COMB DSV4_HC_PRE DSV4_HC_POST", _hyper_connection),
        "SOLVE_TRI": all_of(of_type(F32, 0), result(F32), _solvable),
        "COUNT_EQUAL": all_of(contiguous(0, 1), of_type(I32, 0, 1)),
        "IM2COL": all_of(contiguous(1), of_type(F32, 1), result(FLOATS)),
        "IM2COL_3D": all_of(of_type(F32, 1), result(FLOATS)),
        "CONV_2D_DW": all_of(of_type(FLOATS, 0), of_type(F32, 1)),
        "GATED_LINEAR_ATTN": all_of(of_type(F32, 0), result(F32), _heads_of_64),
        "LIGHTNING_INDEXER": _indexer,
        "GATED_DELTA_NET": all_of(of_type(F32, *range(6)), result(F32), _delta_sizes),
        "SSM_SCAN": all_of(of_type(F32, 0), result(F32), _selective_scan),
        "CONV_TRANSPOSE_1D": of_type(F32, 0, 1),
        "COL2IM_1D": all_of(of_type(WIDE_FLOATS, 0), alike(0), contiguous(0), rules.compact),
        "CONV_3D": all_of(of_type(FLOATS, 0), of_type(F32, 1), result(F32), contiguous(0, 1), rules.compact),
    }


def _bindable(tensor: Tensor) -> bool:
    operands = (one for place in range(SOURCES) if (one := source(tensor, place)))
    return rules.nbytes(tensor) <= LARGEST_BUFFER and all(
        rules.nbytes(one) <= LARGEST_BUFFER for one in operands
    )


def _multiplication(tensor: Tensor) -> bool:
    a, b = operand(tensor, 0), operand(tensor, 1)
    chosen = tensor.op == names.numbers()["MUL_MAT_ID"]
    if a.type not in _MULTIPLIED or (chosen and tensor.op_params[3] == _EXACT):
        return False
    if (operand(tensor, 2) if chosen else a).ne[3] != b.ne[3]:
        return False
    if not (a.type in WIDE_FLOATS or _planes(a)) or not (b.type in FLOATS or _planes(b)):
        return False
    return not (a.type == BF16 and b.type == F16) and not (b.type == BF16 and a.type != BF16)


def _planes(tensor: Tensor) -> bool:
    """No gaps within the first two dimensions."""
    size, block = rules.element_size(tensor.type), rules.block_length(tensor.type)
    next_plane = tensor.ne[3] == 1 or tensor.nb[3] == tensor.nb[2] * tensor.ne[2]
    row = tensor.nb[0] * tensor.ne[0] // block
    return bool(tensor.nb[0] == size and tensor.nb[1] == row and next_plane)


def _attention(tensor: Tensor) -> bool:
    keys, values, mask, sinks = (source(tensor, place) for place in range(1, 5))
    if keys is None or values is None or keys.ne[0] % 8 or values.ne[0] % 8:
        return False
    if operand(tensor, 0).type != F32 or tensor.type != F32 or (sinks and sinks.type != F32):
        return False
    cached = WIDE_FLOATS | CACHE_QUANTS | {names.IQ4_NL}
    both = keys.type in cached and values.type in cached and (keys.type == BF16) == (values.type == BF16)
    return both and (mask is None or mask.type == F16)


def _gate_alike(tensor: Tensor) -> bool:
    gate = source(tensor, 1)
    return gate is None or gate.type == tensor.type


def _copied(tensor: Tensor) -> bool:
    first, second = operand(tensor, 0), source(tensor, 1)
    given, wanted = first.type, (second or first).type
    if given == F32 and wanted in _STORED | {I32}:
        return True
    if wanted == F32 and given in _STORED | {I32}:
        return True
    if given != wanted or rules.element_size(given) % 2:
        return False
    return given not in names.QUANTIZED or (contiguous(0)(tensor) and rules.compact(tensor))


def _repeated(tensor: Tensor) -> bool:
    size = rules.element_size(tensor.type)
    return size == rules.element_size(operand(tensor, 0).type) and size in (2, 4)


def _scaled(tensor: Tensor) -> bool:
    """Smoothing while making smaller is there for one of the modes."""
    return not tensor.op_params[0] & _ANTIALIAS or tensor.op_params[0] & 0xFF == _BILINEAR


def _joined(tensor: Tensor) -> bool:
    if tensor.type in names.QUANTIZED:
        return contiguous_rows(0, 1)(tensor) and rules.compact_rows(tensor)
    return rules.element_size(tensor.type) in (1, 2, 4, 8)


def _mask_of_floats(tensor: Tensor) -> bool:
    mask = source(tensor, 1)
    return mask is None or mask.type in FLOATS


def _hyper_connection(tensor: Tensor) -> bool:
    operands = (source(tensor, place) for place in range(SOURCES))
    if tensor.type != F32 or any(one is not None and one.type != F32 for one in operands):
        return False
    counted = {"DSV4_HC_PRE": 0, "DSV4_HC_POST": 1}.get(names.operations()[tensor.op])
    return counted is None or bool(operand(tensor, counted).ne[1] == 4)


def _solvable(tensor: Tensor) -> bool:
    size, columns = operand(tensor, 0).ne[0], operand(tensor, 1).ne[0]
    return bool(columns <= _LARGEST_WORKGROUP and 4 * (size + columns) <= _LOCAL_MEMORY)


def _heads_of_64(tensor: Tensor) -> bool:
    return bool(operand(tensor, 0).ne[0] == 64)


def _delta_sizes(tensor: Tensor) -> bool:
    return operand(tensor, 2).ne[0] in (16, 32, 64, 128)


def _indexer(tensor: Tensor) -> bool:
    cached = operand(tensor, 1).type in WIDE_FLOATS | CACHE_QUANTS
    used = [tensor, *(operand(tensor, place) for place in range(4))]
    return cached and operand(tensor, 0).ne[0] == 128 and all(_even_strides(one) for one in used)


def _even_strides(tensor: Tensor) -> bool:
    size = rules.element_size(tensor.type)
    return bool(tensor.nb[0] == size and not any(stride % size for stride in tensor.nb[1:]))


def _selective_scan(tensor: Tensor) -> bool:
    """The second generation of Mamba only."""
    if any(one and one.type in names.QUANTIZED for one in (source(tensor, place) for place in range(6))):
        return False
    state, decay, sequences = operand(tensor, 0), source(tensor, 3), source(tensor, 6)
    if (sequences and sequences.type != I32) or decay is None or decay.nb[1] != 4:
        return False
    return bool(state.ne[0] in (128, 256) and state.ne[1] % 16 == 0)


def _convolution(tensor: Tensor) -> bool:
    kernel, image = operand(tensor, 0), operand(tensor, 1)
    out, inward = (3, 2) if names.operations()[tensor.op] == "CONV_2D" else (2, 3)
    typed = kernel.type in FLOATS and image.type == tensor.type == F32 and kernel.nb[0] in (2, 4)
    sized = kernel.ne[out] == tensor.ne[2] and kernel.ne[inward] == image.ne[2]
    return bool(typed and sized and contiguous(0, 1)(tensor) and rules.compact(tensor))
