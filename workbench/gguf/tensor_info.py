"""The tensors that a header lists: names, shapes, types and places, checked against each other.

Knows nothing of the weights themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

from workbench.gguf.cursor import Cursor
from workbench.gguf.faults import damaged, quoted
from workbench.gguf.ggml_types import GGML_TYPES, REMOVED_TYPES, GgmlType

MAX_DIMENSIONS = 4
_LAYER = re.compile(r"(?:enc\.|dec\.)?blk\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor. `shape` is in ggml's order, row length first.

    `offset` counts from where the weights begin in the file that holds it: `Header.files[tensor.file]`.
    """

    name: str
    shape: tuple[int, ...]
    type: GgmlType
    offset: int
    file: int = 0

    @property
    def layer(self) -> int | None:
        """The number of its layer; None for what is outside the layers."""
        return layer_of(self.name)

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def size_bytes(self) -> int:
        return self.elements // self.type.block_elements * self.type.block_bytes


def layer_of(name: str) -> int | None:
    """The number of the layer that a tensor of that name belongs to."""
    found = _LAYER.match(name)
    return int(found[1]) if found else None


def read_tensors(cursor: Cursor, count: int, alignment: int) -> tuple[TensorInfo, ...]:
    """So many tensors at the cursor, in the file's order. Raises InvalidModel."""
    tensors: dict[str, TensorInfo] = {}
    for index in range(count):
        cursor.reading = f"the description of tensor {index + 1} of {count}"
        tensor = _read_tensor(cursor)
        if tensor.name in tensors:
            raise damaged(cursor.source.name, f"has the tensor {quoted(tensor.name)} twice")
        tensors[tensor.name] = tensor
    _check_places(cursor.source.name, list(tensors.values()), alignment)
    return tuple(tensors.values())


def _read_tensor(cursor: Cursor) -> TensorInfo:
    name, file = cursor.name(), cursor.source.name
    (dimensions,) = cursor.unpack("I")
    if dimensions > MAX_DIMENSIONS:
        raise damaged(file, f"gives the tensor {quoted(name)} {dimensions} dimensions; there are at most 4")
    shape = cursor.unpack("Q" * dimensions)
    kind, offset = cursor.unpack("IQ")
    tensor = TensorInfo(name, shape, _ggml_type(file, name, kind), offset)
    _check_shape(file, tensor)
    return tensor


def _ggml_type(file: str, tensor: str, kind: int) -> GgmlType:
    if kind in GGML_TYPES:
        return GGML_TYPES[kind]
    if kind in REMOVED_TYPES:
        raise damaged(
            file,
            f"stores the tensor {quoted(tensor)} as {REMOVED_TYPES[kind]}, a type that has been withdrawn",
            "Get a newer quantization of the same model.",
        )
    raise damaged(
        file,
        f"stores the tensor {quoted(tensor)} as type {kind}, which is not known here",
        "Update the workbench, or get another quantization of the same model.",
    )


def _check_shape(file: str, tensor: TensorInfo) -> None:
    row = tensor.shape[0] if tensor.shape else 1
    if any(size >= 2**63 for size in tensor.shape) or tensor.elements >= 2**63 or tensor.size_bytes >= 2**63:
        raise damaged(file, f"gives the tensor {quoted(tensor.name)} a shape too large for any memory")
    if row % tensor.type.block_elements:
        raise damaged(
            file,
            f"gives the tensor {quoted(tensor.name)} rows of {row}; "
            f"{tensor.type.name} needs a multiple of {tensor.type.block_elements}",
        )


def _check_places(file: str, tensors: list[TensorInfo], alignment: int) -> None:
    end, before = 0, ""
    for tensor in sorted(tensors, key=lambda tensor: (tensor.offset, tensor.size_bytes)):
        if tensor.offset % alignment:
            raise damaged(file, f"puts the tensor {quoted(tensor.name)} off its alignment of {alignment}")
        if tensor.offset + tensor.size_bytes >= 2**63:
            raise damaged(file, f"puts the tensor {quoted(tensor.name)} past the end of any file")
        if tensor.offset < end:
            raise damaged(file, f"lets the tensors {quoted(before)} and {quoted(tensor.name)} overlap")
        end, before = tensor.offset + tensor.size_bytes, tensor.name
