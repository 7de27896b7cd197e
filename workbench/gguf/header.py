"""What a header says, as values: metadata, tensors, and the questions asked most often about them.

Knows nothing of how bytes become a Header, and computes nothing about memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from workbench.gguf.array import Array
from workbench.gguf.faults import damaged
from workbench.gguf.ggml_types import FILE_TYPES
from workbench.gguf.tensor_info import TensorInfo

Value = bool | int | float | str | Array
_GUESSED_FILE_TYPE = 1024


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file that holds weights: where they begin, and where the last of them should end, in bytes."""

    name: str
    size: int
    data_offset: int
    weights_end: int

    @property
    def missing_bytes(self) -> int:
        return max(0, self.weights_end - self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Everything before the weights, of one file or of all the shards of a model.

    Of a model in shards, the metadata is the first one's and the tensors are those of all. Properties that
    the files do not answer, or answer with a value of the wrong type, are "" or None.
    """

    version: int
    byte_order: Literal["little", "big"]
    metadata: Mapping[str, Value] = field(repr=False)
    tensors: tuple[TensorInfo, ...] = field(repr=False)
    alignment: int
    files: tuple[WeightsFile, ...]

    def text(self, key: str) -> str | None:
        value = self.metadata.get(key)
        return value if isinstance(value, str) else None

    def number(self, key: str) -> int | None:
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def source_name(self) -> str:
        """The name of the (first) file."""
        return self.files[0].name

    @property
    def file_size(self) -> int:
        """Bytes of all the files."""
        return sum(file.size for file in self.files)

    @property
    def data_offset(self) -> int:
        """Where the weights begin in the (first) file."""
        return self.files[0].data_offset

    @property
    def architecture(self) -> str:
        return self.text("general.architecture") or ""

    @property
    def name(self) -> str:
        return self.text("general.name") or ""

    @property
    def quantization(self) -> str:
        """The file's own word for it, such as Q4_K_M, else the type that most weights have."""
        file_type = self.number("general.file_type")
        if file_type is not None and (file_type & ~_GUESSED_FILE_TYPE) in FILE_TYPES:
            return FILE_TYPES[file_type & ~_GUESSED_FILE_TYPE]
        weights: Counter[str] = Counter()
        for tensor in self.tensors:
            weights[tensor.type.name] += tensor.elements
        return weights.most_common(1)[0][0] if weights else ""

    @property
    def context_length(self) -> int | None:
        """Tokens that the model was trained for."""
        length = self.number(f"{self.architecture}.context_length")
        return length if length is not None and length > 0 else None

    @property
    def parameters(self) -> int:
        return sum(tensor.elements for tensor in self.tensors)

    @property
    def weights_bytes(self) -> int:
        return sum(tensor.size_bytes for tensor in self.tensors)

    @property
    def chat_template(self) -> str | None:
        return self.text("tokenizer.chat_template")

    @property
    def tool_template(self) -> str | None:
        """The template for conversations with tools, where it is another."""
        return self.text("tokenizer.chat_template.tool_use")

    @property
    def shards(self) -> int:
        """The number of files that the model is split over, as its metadata says."""
        return max(1, self.number("split.count") or 1)

    @property
    def missing_bytes(self) -> int:
        """How much of the weights lies past the end of the files."""
        return sum(file.missing_bytes for file in self.files)


def check_whole(header: Header) -> None:
    """Raise InvalidModel when weights are missing from the end of a file."""
    for file in header.files:
        if missing := file.missing_bytes:
            raise damaged(
                file.name,
                f"is truncated: {missing:,} bytes of its weights are missing",
                "Download the rest of it.",
            )
