"""The vocabulary in which each backend's answer to "can you compute this?" is written down.

A rule takes the node and says yes or no. Operands are named by their place: 0 is the first source. Knows no
backend.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from workbench_llama_cpp.estimating.virtual import names
from workbench_llama_cpp.estimating.virtual.structures import Tensor, operand
from workbench_llama_cpp.ggml import function

Rule = Callable[[Tensor], bool]
Rules = dict[str, Rule]

FLOATS = frozenset({names.F32, names.F16})
WIDE_FLOATS = frozenset({names.F32, names.F16, names.BF16})
CACHE_QUANTS = frozenset({names.Q4_0, names.Q4_1, names.Q5_0, names.Q5_1, names.Q8_0})


def always(tensor: Tensor) -> bool:
    return True


def all_of(*rules: Rule) -> Rule:
    return lambda tensor: all(rule(tensor) for rule in rules)


def any_of(*rules: Rule) -> Rule:
    return lambda tensor: any(rule(tensor) for rule in rules)


def of_type(types: int | Iterable[int], *places: int) -> Rule:
    """These operands have one of the types."""
    allowed = frozenset({types} if isinstance(types, int) else types)
    return lambda tensor: all(operand(tensor, place).type in allowed for place in places)


def result(types: int | Iterable[int]) -> Rule:
    """The result has one of the types."""
    allowed = frozenset({types} if isinstance(types, int) else types)
    return lambda tensor: tensor.type in allowed


def alike(*places: int) -> Rule:
    """These operands have the result's type."""
    return lambda tensor: all(operand(tensor, place).type == tensor.type for place in places)


def contiguous(*places: int) -> Rule:
    return _layout("ggml_is_contiguous", places)


def contiguous_rows(*places: int) -> Rule:
    return _layout("ggml_is_contiguous_rows", places)


def contiguous_1(*places: int) -> Rule:
    return _layout("ggml_is_contiguous_1", places)


def contiguous_2(*places: int) -> Rule:
    return _layout("ggml_is_contiguous_2", places)


def compact(tensor: Tensor) -> bool:
    """The tensor itself has no gaps."""
    return bool(asked("ggml_is_contiguous")(ctypes.addressof(tensor)))


def compact_rows(tensor: Tensor) -> bool:
    """The tensor's own rows have no gaps."""
    return bool(asked("ggml_is_contiguous_rows")(ctypes.addressof(tensor)))


def nbytes(tensor: Tensor) -> int:
    return int(asked("ggml_nbytes", ctypes.c_size_t)(ctypes.addressof(tensor)))


def same_shape(one: Tensor, other: Tensor) -> bool:
    return bool(one.ne[:] == other.ne[:])


def float_parameter(tensor: Tensor, index: int) -> float:
    (value,) = struct.unpack("f", struct.pack("i", tensor.op_params[index]))
    return float(value)


def rows(tensor: Tensor) -> int:
    return int(tensor.ne[1] * tensor.ne[2] * tensor.ne[3])


def for_each(operations: str, rule: Rule) -> Rules:
    """The same rule for several operations, named in one string."""
    return dict.fromkeys(operations.split(), rule)


def _layout(name: str, places: tuple[int, ...]) -> Rule:
    return lambda tensor: all(asked(name)(tensor.src[place]) for place in places)


@lru_cache
def asked(name: str, result: Any = ctypes.c_bool) -> Any:
    """One of ggml's questions about a tensor, such as whether it is contiguous."""
    return function("ggml-base", name, result, ctypes.c_void_p)


@lru_cache
def element_size(type_number: int) -> int:
    """Bytes of one element, or of one block of a quantized type."""
    return int(function("ggml-base", "ggml_type_size", ctypes.c_size_t, ctypes.c_int)(type_number))


@lru_cache
def block_length(type_number: int) -> int:
    return int(function("ggml-base", "ggml_blck_size", ctypes.c_int64, ctypes.c_int)(type_number))


def elements(tensor: Tensor) -> int:
    return int(tensor.ne[0] * rows(tensor))


def padded(size: int, step: int) -> int:
    return -(-size // step) * step


def values_are_keys(tensor: Tensor) -> bool:
    """Whether flash attention's V is a part of K, as with latent attention."""
    keys, values = operand(tensor, 1), operand(tensor, 2)
    if not values.view_src:
        return False
    same = values.view_src == keys.view_src and values.view_offs == keys.view_offs
    return bool(values.view_src == tensor.src[1] or same)
