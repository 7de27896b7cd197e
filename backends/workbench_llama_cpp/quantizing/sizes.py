"""How long the files will be, to the byte: llama.cpp's own functions lay out the metadata, weights are added.

Each tensor is padded, as the quantizer does it. Knows no type of a weight.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.errors import InvalidModel
from workbench.gguf import shard_of
from workbench_llama_cpp.ggml import function

ALIGNMENT = 32
_TEXT, _POINTER, _SIZE = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t
_U16, _I32, _U32 = ctypes.c_uint16, ctypes.c_int32, ctypes.c_uint32
_SPLIT_KEYS = ("split.no", "split.count", "split.tensors.count")


class _Reading(ctypes.Structure):
    """gguf_init_params."""

    _fields_ = (("no_alloc", ctypes.c_bool), ("context", ctypes.POINTER(_POINTER)))


def file_sizes(
    source: str, overrides: Sequence[tuple[str, str | int]], sizes: Mapping[str, int], *, keep_split: bool
) -> tuple[int, ...]:
    """Bytes of each file that comes of it, when its tensors take `sizes` and it says `overrides`."""
    sources = _shards(Path(source))
    groups = [[shard] for shard in sources] if keep_split else [sources]
    return tuple(
        _size(
            group, overrides if not index else None, sizes, (index, len(groups)) if len(groups) > 1 else None
        )
        for index, group in enumerate(groups)
    )


def _shards(first: Path) -> list[Path]:
    shard = shard_of(first.name)
    numbers = range(1, shard.count + 1) if shard else ()
    return [first.with_name(shard.sibling(number).name) for number in numbers] if shard else [first]


def _size(
    sources: Sequence[Path],
    overrides: Sequence[tuple[str, str | int]] | None,
    sizes: Mapping[str, int],
    place: tuple[int, int] | None,
) -> int:
    """Of one file; `overrides` None is for shards after the first, which hold their `place` alone."""
    made, weights = _call("gguf_init_empty", _POINTER), 0
    try:
        for number, source in enumerate(sources):
            with _opened(source) as (metadata, context):
                if overrides is not None and not number:
                    _set_metadata(made, metadata, overrides)
                weights += sum(_padded(sizes[name]) for name in _add_tensors(made, context))
        if place:
            _call("gguf_set_val_u16", None, (_POINTER, made), (_TEXT, b"split.no"), (_U16, place[0]))
            _call("gguf_set_val_u16", None, (_POINTER, made), (_TEXT, b"split.count"), (_U16, place[1]))
            _call("gguf_set_val_i32", None, (_POINTER, made), (_TEXT, b"split.tensors.count"), (_I32, 0))
        return int(_call("gguf_get_meta_size", _SIZE, (_POINTER, made))) + weights
    finally:
        _call("gguf_free", None, (_POINTER, made))


@contextmanager
def _opened(source: Path) -> Iterator[tuple[int, int]]:
    """A file's metadata and its tensors, none of whose weights are read."""
    context = _POINTER()
    reading = _Reading(True, ctypes.pointer(context))
    metadata = _call("gguf_init_from_file", _POINTER, (_TEXT, os.fsencode(source)), (_Reading, reading))
    if not metadata or not context.value:
        raise InvalidModel(f"llama.cpp cannot read {source}.", "Download the file again or take another one.")
    try:
        yield metadata, context.value
    finally:
        _call("gguf_free", None, (_POINTER, metadata))
        _call("ggml_free", None, (_POINTER, context))


def _set_metadata(made: int, metadata: int, overrides: Sequence[tuple[str, str | int]]) -> None:
    """What the quantizer writes: the source's own, the type of the file, and what was asked for."""
    _call("gguf_set_kv", None, (_POINTER, made), (_POINTER, metadata))
    for key in _SPLIT_KEYS:
        _call("gguf_remove_key", ctypes.c_int64, (_POINTER, made), (_TEXT, key.encode()))
    of_the_file = (("general.quantization_version", 0), ("general.file_type", 0))
    for key, value in (*of_the_file, *overrides):
        name = (_TEXT, key.encode())
        if isinstance(value, int):
            _call("gguf_set_val_u32", None, (_POINTER, made), name, (_U32, value))
        else:
            _call("gguf_set_val_str", None, (_POINTER, made), name, (_TEXT, value.encode()))


def _add_tensors(made: int, context: int) -> Iterator[str]:
    tensor = _call("ggml_get_first_tensor", _POINTER, (_POINTER, context))
    while tensor:
        _call("gguf_add_tensor", None, (_POINTER, made), (_POINTER, tensor))
        yield _call("ggml_get_name", _TEXT, (_POINTER, tensor)).decode(errors="replace")
        tensor = _call("ggml_get_next_tensor", _POINTER, (_POINTER, context), (_POINTER, tensor))


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _call(name: str, result: Any, *arguments: tuple[Any, Any]) -> Any:
    """A function of ggml-base with arguments of these types."""
    return function("ggml-base", name, result, *(kind for kind, _ in arguments))(
        *(value for _, value in arguments)
    )
