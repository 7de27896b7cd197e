"""A GGUF file written whole or not at all, its tensors block by block, so that memory stays small.

Knows how tensors are stored, not what they mean.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf.gguf_writer import WriterState
from numpy.typing import NDArray

from workbench.conversion.element_types import FLOAT8, Floats
from workbench.conversion.sources import Source
from workbench.errors import InvalidModel, NoSpace, WorkbenchError
from workbench.whole_file import whole_file

_BLOCK_ELEMENTS = 4 << 20
_MAX_DIMENSIONS = 4
_QUANTIZATION_VERSION = 2
_Q = gguf.GGMLQuantizationType
_F = gguf.LlamaFileType

OUTPUT_TYPES: dict[str, tuple[Any, Any]] = {
    "f32": (_Q.F32, _F.ALL_F32),
    "f16": (_Q.F16, _F.MOSTLY_F16),
    "bf16": (_Q.BF16, _F.MOSTLY_BF16),
    "q8_0": (_Q.Q8_0, _F.MOSTLY_Q8_0),
}
"""The type of matrices and the number of the file's type, by what a person writes."""

_CLOSEST = {"F32": "f32", "F16": "f16", "BF16": "bf16", FLOAT8: "bf16"}
_ALWAYS_F32 = ("_norm.weight", ".ffn_gate_inp.weight", ".ffn_gate_inp_shexp.weight", "position_embd.weight",
               "token_types.weight")  # fmt: skip
_MATRICES = (".weight", ".lora_a", ".lora_b")


@dataclass(frozen=True, slots=True)
class Weight:
    """A tensor of the output."""

    name: str
    source: Source


def closest_type(stored: str) -> str:
    """The output type that keeps what is stored with the least loss for its size."""
    return _CLOSEST.get(stored, "f16")


def write_gguf(
    path: Path, writer: Any, weights: Sequence[Weight], output_type: str, advance: Callable[[int, int], None]
) -> None:
    """`writer` holds the metadata; `advance` gets the bytes written of tensors and how many there will be.

    Raises InvalidModel for weights that are no numbers or too large for the type, NoSpace, or WorkbenchError
    where the file cannot be written; there is then no file.
    """
    types = [_type_of(weight, OUTPUT_TYPES[output_type][0]) for weight in weights]
    sizes = [_size(weight.source, kind) for weight, kind in zip(weights, types, strict=True)]
    _prepare(writer, weights, types, sizes, OUTPUT_TYPES[output_type][1])
    _check_room(path, sum(sizes))
    done = 0
    try:
        with whole_file(path, shared=True) as file:
            _write_header(writer, file)
            for weight, kind, size in zip(weights, types, sizes, strict=True):
                for block in _blocks(weight, kind):
                    file.write(block)
                    done += len(block)
                    advance(done, sum(sizes))
                writer.write_padding(file, size)
    except OSError as error:
        raise _unwritable(path, error) from error
    except UnicodeEncodeError as error:
        raise InvalidModel("A text of the model is no Unicode.", "Fetch the model again.") from error


def _prepare(writer: Any, weights: Sequence[Weight], types: list[Any], sizes: list[int], file: Any) -> None:
    for weight, kind, size in zip(weights, types, sizes, strict=True):
        if not weight.source.rows * weight.source.columns or len(weight.source.shape) > _MAX_DIMENSIONS:
            shape = list(weight.source.shape)
            raise InvalidModel(f"{weight.name} has shape {shape}, which no model has.", "Take another copy.")
        writer.add_tensor_info(weight.name, weight.source.shape, np.dtype(np.float32), size, raw_dtype=kind)
    writer.add_file_type(file)
    writer.add_quantization_version(_QUANTIZATION_VERSION)


def _write_header(writer: Any, file: Any) -> None:
    writer.fout, writer.state = [file], WriterState.EMPTY
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.write_padding(file, file.tell())


def _type_of(weight: Weight, wanted: Any) -> Any:
    name, source = weight.name, weight.source
    if len(source.shape) == 1 or name.endswith(_ALWAYS_F32) or not name.endswith(_MATRICES):
        return _Q.F32
    return _Q.F16 if wanted == _Q.Q8_0 and source.columns % gguf.GGML_QUANT_SIZES[wanted][0] else wanted


def _size(source: Source, kind: Any) -> int:
    elements, bytes_ = gguf.GGML_QUANT_SIZES[kind]
    return source.rows * source.columns // int(elements) * int(bytes_)


def _blocks(weight: Weight, kind: Any) -> Iterator[bytes]:
    rows = max(1, _BLOCK_ELEMENTS // weight.source.columns)
    for first in range(0, weight.source.rows, rows):
        values = weight.source.read(first, min(first + rows, weight.source.rows))
        _check_values(weight.name, values, kind)
        yield (_bfloat16(values) if kind == _Q.BF16 else gguf.quants.quantize(values, kind)).tobytes()


def _bfloat16(values: Floats) -> NDArray[np.uint16]:
    """The nearest ones, of two equally near the even one; the gguf package's take several times as long."""
    bits = values.view(np.uint32)
    return ((bits + (0x7FFF + ((bits >> 16) & 1))) >> 16).astype(np.uint16)


def _check_values(name: str, values: Floats, kind: Any) -> None:
    largest = max(float(values.max()), -float(values.min()))
    if not np.isfinite(largest):
        raise InvalidModel(
            f"{name} holds values that are no numbers (NaN or infinite).", "Take another copy."
        )
    if kind == _Q.F16 and largest >= 65520:
        raise InvalidModel(f"{name} holds {largest:.3g}, which is too large for F16.", "Give --type bf16.")


def _check_room(path: Path, needed: int) -> None:
    folder = path.absolute().parent
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise NoSpace(
            f"The output takes {needed:,} bytes and {there} has {free:,} free.",
            "Make room, or give another -o.",
        )


def _unwritable(path: Path, error: OSError) -> WorkbenchError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return NoSpace(f"{path} has no room: {error.strerror}. Nothing of it was kept.", "Make room.")
    return WorkbenchError(f"{path} cannot be written: {error.strerror}.", "Give another place with -o.")
