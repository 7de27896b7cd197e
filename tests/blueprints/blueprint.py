"""What a model's file would say of itself, without the file: metadata, and every tensor's shape and type.

Knows no architecture; those are in the modules beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod

from tests.core.gguf_bytes import ARRAY, BOOL, F32, I32, STRING, U32, GgufBytes
from workbench.gguf import GGML_TYPES, BytesSource, Header, parse

Value = bool | int | float | str | list[int]
TYPES = {kind.name: kind for kind in GGML_TYPES.values()}
_NUMBERS = {kind.name: number for number, kind in GGML_TYPES.items()}


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor; the shape is in ggml's order, row length first."""

    name: str
    shape: tuple[int, ...]
    type: str

    @property
    def size_bytes(self) -> int:
        kind = TYPES[self.type]
        return prod(self.shape) // kind.block_elements * kind.block_bytes


@dataclass(slots=True)
class Blueprint:
    """A model in the making: an architecture's functions fill it."""

    architecture: str
    metadata: dict[str, Value] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)

    def say(self, values: Mapping[str, Value]) -> None:
        """Metadata whose keys begin with the architecture."""
        self.metadata |= {f"{self.architecture}.{key}": value for key, value in values.items()}

    def matrix(self, name: str, shape: tuple[int, ...], type: str) -> None:
        self.tensors.append(Tensor(f"{name}.weight", shape, type))

    def norm(self, name: str, width: int) -> None:
        """Weights by which elements are scaled; F32, as everything small is."""
        self.tensors.append(Tensor(f"{name}.weight", (width,), "F32"))

    def vector(self, name: str, *shape: int) -> None:
        """F32 under exactly this name."""
        self.tensors.append(Tensor(name, shape, "F32"))

    @property
    def vocabulary(self) -> int:
        found = self.metadata[f"{self.architecture}.vocab_size"]
        assert isinstance(found, int)
        return found


def header(blueprint: Blueprint) -> Header:
    """As if read from a whole file of this model, but one without a tokenizer."""
    content = header_bytes(blueprint, {"tokenizer.ggml.model": "none"})
    read = parse(BytesSource(content, f"{blueprint.metadata.get('general.name', 'model')}.gguf"))
    whole = tuple(replace(file, size=file.weights_end) for file in read.files)
    return replace(read, files=whole)


def header_bytes(
    blueprint: Blueprint,
    tokenizer: Mapping[str, Value | Sequence[str]],
) -> bytes:
    """Everything before the weights, padded to where they begin."""
    file = GgufBytes()
    described = {"general.architecture": blueprint.architecture, **blueprint.metadata, **tokenizer}
    for key, value in described.items():
        _add(file, key, value)
    offset = 0
    for tensor in blueprint.tensors:
        file.tensor(tensor.name, tensor.shape, _NUMBERS[tensor.type], offset)
        offset += padded(tensor.size_bytes)
    return bytes(file)


def padded(size: int, alignment: int = 32) -> int:
    return -(-size // alignment) * alignment


def _add(file: GgufBytes, key: str, value: Value | Sequence[str]) -> None:
    match value:
        case bool():
            file.entry(key, BOOL, file.pack("?", value))
        case int():
            file.entry(key, U32, file.pack("I", value))
        case float():
            file.entry(key, F32, file.pack("f", value))
        case str():
            file.entry(key, STRING, file.text(value))
        case [str(), *_]:
            texts = b"".join(file.text(str(one)) for one in value)
            file.entry(key, ARRAY, file.pack("IQ", STRING, len(value)) + texts)
        case _:
            numbers = [int(one) for one in value]
            file.array(key, I32, len(numbers), file.pack(f"{len(numbers)}i", *numbers))
