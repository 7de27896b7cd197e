"""What a quantizer is asked for and what it answers, as values. Knows no engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

QuantizeProgress = Callable[[int], None]
"""Told now and then how many bytes of the source's weights are done; what it raises ends the work."""


@dataclass(frozen=True, slots=True)
class QuantType:
    """A type that the weights of a whole file can have.

    Attributes:
        bits_per_weight: Of a model with the shapes of Llama 3.1 8B; None for what depends on the source.
        advice: When to use it, in a sentence.
    """

    name: str
    bits_per_weight: float | None
    advice: str


@dataclass(frozen=True, slots=True)
class TensorType:
    """Tensors in whose name the regular expression is found get this type; the first that fits counts."""

    pattern: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizeRequest:
    """A file of fewer bits, made of the model at `source`, which is its (first) file.

    Attributes:
        tensor_types: Types of single tensors, in place of the mix that `type` stands for.
        output_type: That of the output matrix; `embedding_type` that of the token embeddings.
        leave_output: Keep the output matrix as it is.
        pure: All tensors in the one type, without a mix.
        keep_split: As many shards as the source has, else one file.
        allow_requantize: Take weights that were quantized before, which costs quality twice.
        importance: The path of an importance matrix, or "".
        threads: CPU threads; as many as there are CPUs if left out.
        metadata: What is written into the file besides, texts of at most MOST_TEXT_BYTES each.
    """

    source: str
    type: str
    tensor_types: tuple[TensorType, ...] = ()
    output_type: str = ""
    embedding_type: str = ""
    leave_output: bool = False
    pure: bool = False
    keep_split: bool = False
    allow_requantize: bool = False
    importance: str = ""
    threads: int | None = None
    metadata: tuple[tuple[str, str], ...] = ()


MOST_TEXT_BYTES = 127


@dataclass(frozen=True, slots=True)
class PlannedTensor:
    """A tensor and what becomes of it. `shape` is in ggml's order, row length first."""

    name: str
    shape: tuple[int, ...]
    source_type: str
    type: str
    size_bytes: int

    @property
    def elements(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizePlan:
    """What would come of a request, told without reading a weight.

    Attributes:
        tensors: In the order in which they are written.
        file_sizes: The exact size of each file, in bytes.
        needs_importance: It cannot be made without an importance matrix, and none was given.
        notes: What is done otherwise than the type says, such as for rows of an unusual length.
    """

    tensors: tuple[PlannedTensor, ...]
    file_sizes: tuple[int, ...]
    needs_importance: bool = False
    notes: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        return sum(self.file_sizes)

    @property
    def bits_per_weight(self) -> float:
        weights = sum(tensor.elements for tensor in self.tensors)
        return 8 * sum(tensor.size_bytes for tensor in self.tensors) / weights if weights else 0.0

    @property
    def requantized(self) -> tuple[PlannedTensor, ...]:
        """Those that are quantized in the source and would get another type."""
        plain = ("F32", "F16", "BF16", "F64")
        return tuple(tensor for tensor in self.tensors if tensor.source_type not in (*plain, tensor.type))
