"""Adds up the squares of what goes into each weight matrix, while llama.cpp computes.

Which multiplications count, and how experts are told apart, is as in llama.cpp's own program, so that the
numbers mean the same. Sums of one multiplication are made in double precision. Knows no text.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.errors import InvalidModel, WorkbenchError
from workbench.imatrix import Entry
from workbench_llama_cpp.estimating.virtual.names import operations
from workbench_llama_cpp.estimating.virtual.structures import Tensor, operand
from workbench_llama_cpp.ggml import function

_F32 = 0
_FEWEST_TOKENS = 16
_OUTPUT = "output.weight"


class Collector:
    """Entries by tensor. `callback` is for llama.cpp; `check` raises what went wrong in it."""

    def __init__(self, *, output: bool, entries: Mapping[str, Entry]) -> None:
        self._output = output
        self._sums = {name: entry.sums.copy() for name, entry in entries.items()}
        self._counts = {name: entry.counts.copy() for name, entry in entries.items()}
        self._dense, self._indirect = operations().index("MUL_MAT"), operations().index("MUL_MAT_ID")
        self._failure: WorkbenchError | None = None

    @property
    def entries(self) -> dict[str, Entry]:
        return {name: Entry(sums, self._counts[name]) for name, sums in self._sums.items()}

    def callback(self, address: int, asks: bool, user_data: object) -> bool:
        """Whether the inputs of this node are wanted; then, with them at hand, whether to go on."""
        node = Tensor.from_address(address)
        if asks:
            return self._wanted(node)
        try:
            self._collect(node)
        except WorkbenchError as error:
            self._failure = error
        except Exception as error:  # it would be lost in llama.cpp
            self._failure = WorkbenchError(f"Unexpected {type(error).__name__}: {error}.")
        return self._failure is None

    def check(self) -> None:
        if self._failure:
            raise self._failure

    def _wanted(self, node: Tensor) -> bool:
        if node.op == self._indirect:
            return True
        if node.op != self._dense:
            return False
        inputs = operand(node, 1)
        if inputs.ne[1] < _FEWEST_TOKENS or inputs.type != _F32:
            return False
        name = _name(operand(node, 0))
        return name.startswith("blk.") or (self._output and name == _OUTPUT)

    def _collect(self, node: Tensor) -> None:
        weight, values = operand(node, 0), _values(operand(node, 1), np.float32)
        if node.op == self._indirect:
            self._add_experts(weight, values, _values(operand(node, 2), np.int32)[0, 0])
        else:
            self._add_dense(weight, values)

    def _add_dense(self, weight: Tensor, values: npt.NDArray[np.float32]) -> None:
        """`values` are (outer, matrices, tokens, columns); matrices of the weight take them in turn."""
        name, columns = _name(weight), values.shape[3]
        matrices = weight.ne[2] * weight.ne[3]
        sums, counts = self._entry(name, matrices * columns, 1)
        flat = sums.reshape(matrices, columns)
        for outer in range(values.shape[0]):
            for inner in range(values.shape[1]):
                matrix = outer % weight.ne[3] * weight.ne[2] + inner % weight.ne[2]
                flat[matrix] += _squares(values[outer, inner])
        counts += values.size // columns // matrices
        self._check(name, sums)

    def _add_experts(
        self, weight: Tensor, values: npt.NDArray[np.float32], chosen: npt.NDArray[np.int32]
    ) -> None:
        """`values` are (1, tokens, one or as many as chosen, columns), `chosen` experts (tokens, chosen)."""
        name, columns, experts = _name(weight), values.shape[3], weight.ne[2]
        sums, counts = self._entry(name, experts * columns, experts)
        rows = sums.reshape(experts, columns)
        for expert in np.unique(chosen):
            tokens, places = np.nonzero(chosen == expert)
            rows[expert] += _squares(values[0, tokens, places % values.shape[2]])
            counts[expert] += len(tokens)
        self._check(name, sums)

    def _entry(self, name: str, size: int, experts: int) -> tuple[npt.NDArray[np.float32], Any]:
        """Where the sums and counts of a tensor are; a single count is for all experts until they differ."""
        if name not in self._sums:
            self._sums[name] = np.zeros((experts, size // experts), np.float32)
            self._counts[name] = np.zeros(experts, np.int64)
        if self._sums[name].size != size:
            raise InvalidModel(
                f"{name} is used in two ways, which no matrix can tell.", "Take another model."
            )
        if len(self._counts[name]) < experts:
            self._sums[name] = self._sums[name].reshape(experts, -1)
            self._counts[name] = np.repeat(self._counts[name], experts)
        return self._sums[name], self._counts[name]

    def _check(self, name: str, sums: npt.NDArray[np.float32]) -> None:
        if not np.isfinite(sums).all():
            raise InvalidModel(
                f"What goes into {name} are no numbers: the model is damaged, or its weights overflow.",
                "Take another file of it, such as BF16 or F32.",
            )


def _squares(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The sum of squares of each column."""
    sums: npt.NDArray[np.float64] = np.square(values, dtype=np.float64).sum(axis=0)
    return sums.astype(np.float32)


def _name(tensor: Tensor) -> str:
    """The tensor's own, also where it is a device's copy: CUDA0#blk.0.attn_k.weight#0."""
    name: str = tensor.name.decode(errors="replace")
    return name.split("#")[1] if "#" in name else name


def _values(tensor: Tensor, kind: Any) -> npt.NDArray[Any]:
    """What a tensor holds, its slowest dimension first, copied where a device has it."""
    shape, strides = tuple(tensor.ne)[::-1], tuple(tensor.nb)[::-1]
    size = sum((length - 1) * step for length, step in zip(shape, strides, strict=True)) + 4
    if function("ggml-base", "ggml_backend_buffer_is_host", ctypes.c_bool, ctypes.c_void_p)(tensor.buffer):
        memory: Any = (ctypes.c_char * size).from_address(tensor.data)
    else:
        memory = ctypes.create_string_buffer(size)
        _copy(ctypes.byref(tensor), memory, 0, size)
    return np.ndarray(shape, kind, memory, strides=strides)


def _copy(tensor: Any, memory: Any, offset: int, size: int) -> None:
    pointer, length = ctypes.c_void_p, ctypes.c_size_t
    function("ggml-base", "ggml_backend_tensor_get", None, pointer, pointer, length, length)(
        tensor, memory, offset, size
    )
