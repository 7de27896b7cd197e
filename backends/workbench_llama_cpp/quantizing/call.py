"""Calls llama_model_quantize with what a request asks for.

The library's structure points at memory that Python owns, which is kept beside it. Knows the metadata keys
that llama.cpp's own program writes about an importance matrix.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.quantize_request import MOST_TEXT_BYTES, QuantizeRequest
from workbench_llama_cpp.binding import llama, log
from workbench_llama_cpp.quantizing.refusals import quantize_error
from workbench_llama_cpp.quantizing.types import COPY, file_type, tensor_type

if TYPE_CHECKING:
    from workbench.imatrix import ImportanceMatrix

_INTEGER, _TEXT = 0, 3


@dataclass(slots=True)
class Call:
    """A request as the library takes it: made once, for a dry run or the real one."""

    request: QuantizeRequest
    parameters: Any
    overrides: list[tuple[str, str | int]]
    kept: list[object] = field(default_factory=list)

    def run(self, target: str, *, dry: bool) -> None:
        """Raises why llama.cpp did not do it."""
        self.parameters.dry_run = dry
        log.clear()
        failed = llama().llama_model_quantize(
            os.fsencode(self.request.source), os.fsencode(target), ctypes.byref(self.parameters)
        )
        if failed:
            raise quantize_error(self.request, log.text())


def prepared(request: QuantizeRequest) -> Call:
    """Raises InvalidRequest for unknown types and for an importance matrix that cannot be read."""
    parameters = llama().llama_model_quantize_default_params()
    parameters.nthread = request.threads or _cpus()
    parameters.ftype = file_type(request.type)
    parameters.only_copy = request.type == COPY
    parameters.allow_requantize = request.allow_requantize
    parameters.quantize_output_tensor = not request.leave_output
    parameters.pure = request.pure
    parameters.keep_split = request.keep_split
    if request.output_type:
        parameters.output_tensor_type = tensor_type(request.output_type)
    if request.embedding_type:
        parameters.token_embedding_type = tensor_type(request.embedding_type)
    call = Call(request, parameters, [])
    _add_tensor_types(call)
    if request.importance:
        from workbench.imatrix import read_imatrix

        _add_importance(call, read_imatrix(request.importance))
    call.overrides += request.metadata
    _add_overrides(call)
    return call


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _add_tensor_types(call: Call) -> None:
    functions, given = llama(), call.request.tensor_types
    if not given:
        return
    rules = [
        functions.llama_model_tensor_override(one.pattern.encode(), tensor_type(one.type)) for one in given
    ]
    array = (functions.llama_model_tensor_override * (len(rules) + 1))(*rules)
    call.parameters.tt_overrides = array
    call.kept.append(array)


def _add_importance(call: Call, matrix: ImportanceMatrix) -> None:
    functions = llama()
    array = (functions.llama_model_imatrix_data * (len(matrix.entries) + 1))()
    for place, (name, entry) in zip(array, matrix.entries.items(), strict=False):
        values = entry.means
        place.name = name.encode()
        place.data = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        place.size = values.size
        call.kept.append(values)
    call.parameters.imatrix = array
    call.kept.append(array)
    call.overrides.append(("quantize.imatrix.file", call.request.importance))
    if matrix.datasets:
        call.overrides.append(("quantize.imatrix.dataset", matrix.datasets[0]))
    call.overrides.append(("quantize.imatrix.entries_count", len(matrix.entries)))
    if matrix.chunk_count > 0:
        call.overrides.append(("quantize.imatrix.chunks_count", matrix.chunk_count))


def _add_overrides(call: Call) -> None:
    if not call.overrides:
        return
    array = (llama().llama_model_kv_override * (len(call.overrides) + 1))()
    for place, (key, value) in zip(array, call.overrides, strict=False):
        place.key = key.encode()
        if isinstance(value, int):
            place.tag, place.value.val_i64 = _INTEGER, value
        else:
            place.tag, place.value.val_str = _TEXT, value.encode()[:MOST_TEXT_BYTES]
    call.parameters.kv_overrides = array
    call.kept.append(array)
