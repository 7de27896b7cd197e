"""What a GGUF file says of itself, read from its header alone; the weights are never touched.

Files are untrusted: reading one costs little more than its header's size and ends in a Header or in one
InvalidModel with a sentence and a remedy. Knows no engine; see header.py for what is known afterwards.
"""

from __future__ import annotations

from os import PathLike

from workbench.gguf.array import Array
from workbench.gguf.ggml_types import FILE_TYPES, GGML_TYPES, GgmlType
from workbench.gguf.header import Header, Value, check_whole
from workbench.gguf.parser import parse
from workbench.gguf.source import ByteSource, BytesSource, FileSource
from workbench.gguf.tensor_info import TensorInfo

__all__ = [
    "FILE_TYPES",
    "GGML_TYPES",
    "Array",
    "ByteSource",
    "BytesSource",
    "FileSource",
    "GgmlType",
    "Header",
    "TensorInfo",
    "Value",
    "check_whole",
    "parse",
    "read_header",
]


def read_header(path: str | PathLike[str]) -> Header:
    """The header of the file at `path`. Raises ModelNotFound, or InvalidModel for what is no sound header.

    A file whose weights are cut short still has a header; `check_whole` tells.
    """
    return parse(FileSource(path))
