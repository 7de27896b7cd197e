"""Large matrices in ggml's own memory, and a graph that multiplies by each of them.

They lie where llama.cpp would put a model's weights, also where it arranges their blocks anew for the CPU.
Knows nothing of what the time means.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from workbench.errors import EngineDied
from workbench.gguf import GGML_TYPES
from workbench_llama_cpp.devices import Device
from workbench_llama_cpp.estimating.virtual.names import F32
from workbench_llama_cpp.estimating.virtual.structures import Arena
from workbench_llama_cpp.ggml import function

ROWS, COLUMNS = 2048, 4096
_VARIED_ROWS = 32
"""So many rows are made; the others repeat them, which no kernel notices."""
_ARENA_BYTES = 1 << 20
_POINTER, _INT, _SIZE, _LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t, ctypes.c_int64


def matrix_bytes(kind: int) -> int:
    found = GGML_TYPES[kind]
    return ROWS * COLUMNS // found.block_elements * found.block_bytes


class Stream:
    """What computes on a device, for as long as it is open."""

    def __init__(self, device: Device, threads: int) -> None:
        self.device = device.handle
        self._buffer_type = device.buffer_type
        self.handle = _ask("ggml_backend_dev_init", _POINTER, (_POINTER, device.handle), (_POINTER, None))
        if set_threads := self._offered("ggml_backend_set_n_threads", None, _POINTER, _INT):
            set_threads(self.handle, threads)

    def buffer_types(self) -> list[int]:
        """Those that weights may be in, the best first."""
        listed = self._offered("ggml_backend_dev_get_extra_bufts", ctypes.POINTER(_POINTER), _POINTER)
        found: list[int] = []
        extra = listed(self.device) if listed else None
        while extra and extra[len(found)]:
            found.append(extra[len(found)])
        return [*found, self._buffer_type]

    def close(self) -> None:
        _ask("ggml_backend_free", None, (_POINTER, self.handle))

    def _offered(self, name: str, result: Any, *arguments: Any) -> Any:
        registry = _ask("ggml_backend_dev_backend_reg", _POINTER, (_POINTER, self.device))
        address = _ask(
            "ggml_backend_reg_get_proc_address",
            _POINTER,
            (_POINTER, registry),
            (ctypes.c_char_p, name.encode()),
        )
        return ctypes.CFUNCTYPE(result, *arguments)(address) if address else None


@contextmanager
def products(stream: Stream, kind: int, matrices: int, tokens: int) -> Iterator[Callable[[], float] | None]:
    """Yields a function that multiplies so many matrices by so many tokens, and returns the seconds.

    Yields None where the device has no kernel for the type, or no room.
    """
    for buffer_type in stream.buffer_types():
        with ExitStack() as kept:
            if graph := _graph(kept, stream, buffer_type, (kind, matrices, tokens)):
                yield lambda graph=graph: _seconds(stream, graph)  # type: ignore[misc]
                return
    yield None


def _graph(kept: ExitStack, stream: Stream, buffer_type: int, sizes: tuple[int, int, int]) -> int | None:
    """Weights in that kind of memory, the rest in the device's own; None where it does not multiply so."""
    kind, matrices, tokens = sizes
    weights, others = _arena(kept), _arena(kept)
    factors = [_matrix(weights, kind, ROWS) for _ in range(matrices)]
    inputs = _matrix(others, F32, tokens)
    products = [
        _ask("ggml_mul_mat", _POINTER, (_POINTER, others), (_POINTER, factor), (_POINTER, inputs))
        for factor in factors
    ]
    if not (_allocated(kept, weights, buffer_type) and _allocated(kept, others, stream.buffer_types()[-1])):
        return None
    able = function("ggml-base", "ggml_backend_dev_supports_op", ctypes.c_bool, _POINTER, _POINTER)
    if not able(stream.device, products[0]):
        return None
    _fill(factors, kind)
    _set(inputs, np.random.default_rng(1).standard_normal((tokens, COLUMNS), np.float32))
    graph: int = _ask("ggml_new_graph", _POINTER, (_POINTER, _arena(kept)))
    for product in products:
        _ask("ggml_build_forward_expand", None, (_POINTER, graph), (_POINTER, product))
    return graph


def _fill(factors: Sequence[int], kind: int) -> None:
    values = np.random.default_rng(0).standard_normal((_VARIED_ROWS, COLUMNS), np.float32)
    importance = np.ones(COLUMNS, np.float32)
    made = np.zeros(matrix_bytes(kind) // ROWS * _VARIED_ROWS, np.uint8)
    quantize = function(
        "ggml-base", "ggml_quantize_chunk", _SIZE, _INT, _POINTER, _POINTER, _LONG, _LONG, _LONG, _POINTER
    )
    quantize(kind, values.ctypes.data, made.ctypes.data, 0, _VARIED_ROWS, COLUMNS, importance.ctypes.data)
    whole = np.tile(made, ROWS // _VARIED_ROWS)
    for factor in factors:
        _set(factor, whole)


def _set(tensor: int, values: np.ndarray[Any, Any]) -> None:
    function("ggml-base", "ggml_backend_tensor_set", None, _POINTER, _POINTER, _SIZE, _SIZE)(
        tensor, values.ctypes.data, 0, values.nbytes
    )


def _seconds(stream: Stream, graph: int) -> float:
    started = time.perf_counter()
    failed = _ask("ggml_backend_graph_compute", _INT, (_POINTER, stream.handle), (_POINTER, graph))
    if failed:
        raise EngineDied(f"llama.cpp could not multiply matrices (code {failed}).", "Try other settings.")
    return time.perf_counter() - started


def _arena(kept: ExitStack) -> int:
    arena: int = function("ggml-base", "ggml_init", _POINTER, Arena)(Arena(_ARENA_BYTES, None, True))
    kept.callback(_ask, "ggml_free", None, (_POINTER, arena))
    return arena


def _matrix(arena: int, kind: int, rows: int) -> int:
    made: int = _ask(
        "ggml_new_tensor_2d", _POINTER, (_POINTER, arena), (_INT, kind), (_LONG, COLUMNS), (_LONG, rows)
    )
    return made


def _allocated(kept: ExitStack, arena: int, buffer_type: int) -> bool:
    buffer = _ask(
        "ggml_backend_alloc_ctx_tensors_from_buft", _POINTER, (_POINTER, arena), (_POINTER, buffer_type)
    )
    if buffer:
        kept.callback(_ask, "ggml_backend_buffer_free", None, (_POINTER, buffer))
    return bool(buffer)


def _ask(name: str, result: Any, *arguments: tuple[Any, object]) -> Any:
    asked = function("ggml-base", name, result, *(kind for kind, _ in arguments))
    return asked(*(value for _, value in arguments))
