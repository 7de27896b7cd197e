"""What llama.cpp's own kernels reach at best, for each type of weights, when no model is around."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from workbench.engine_profile import Kernel, Part
from workbench.gguf import GGML_TYPES
from workbench_llama_cpp.devices import devices
from workbench_llama_cpp.profiling.matrices import COLUMNS, ROWS, Stream, matrix_bytes, products

_NUMBERS = {found.name: number for number, found in GGML_TYPES.items()}
_UNCACHED_BYTES = 1 << 28
"""So much is read for one token that no cache can hold it until the next one."""
_TOKENS, _REPETITIONS = 512, 3


def kernels(parts: Sequence[Part], others: Sequence[str], threads: int) -> Iterator[Kernel]:
    """Of the types in the parts, and of those `others` that have fewer bits than most weights."""
    weights = sorted((one for one in parts if one.kind == "weights"), key=lambda one: -one.bytes_read)
    if not weights:
        return
    wanted = dict.fromkeys((one.place, one.type) for one in weights)
    wanted |= dict.fromkeys(
        (weights[0].place, other) for other in others if _bits(other) < _bits(weights[0].type)
    )
    here = {(device.buffer_name if device.is_gpu else device.name): device for device in devices()}
    for place in dict.fromkeys(place for place, _ in wanted if place in here):
        stream = Stream(here[place], threads)
        try:
            for kind in (type_ for where, type_ in wanted if where == place and type_ in _NUMBERS):
                yield from _kernel(stream, place, kind)
        finally:
            stream.close()


def _bits(kind: str) -> float:
    return GGML_TYPES[_NUMBERS[kind]].bits_per_weight if kind in _NUMBERS else math.inf


def _kernel(stream: Stream, place: str, kind: str) -> Iterator[Kernel]:
    number = _NUMBERS[kind]
    size = matrix_bytes(number)
    matrices = -(-_UNCACHED_BYTES // size)
    with products(stream, number, matrices, 1) as one_token:
        alone = _best(one_token)
    with products(stream, number, 1, _TOKENS) as many_tokens:
        together = _best(many_tokens)
    if alone and together:
        yield Kernel(
            type=kind,
            place=place,
            bytes_per_second=matrices * size / alone,
            operations_per_second=2 * ROWS * COLUMNS * _TOKENS / together,
            bits=_bits(kind),
        )


def _best(run: Callable[[], float] | None) -> float | None:
    """Seconds of the fastest, after one that does not count."""
    return min([run() for _ in range(_REPETITIONS + 1)][1:]) if run else None
