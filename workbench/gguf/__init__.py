"""What a GGUF file says of itself, read from its header alone; the weights are never touched.

Files are untrusted: reading one costs little more than its header's size and ends in a Header or in one
InvalidModel with a sentence and a remedy. Knows no engine; see header.py for what is known afterwards.
"""

from __future__ import annotations

from workbench.gguf.array import Array, array_of
from workbench.gguf.ggml_types import FILE_TYPES, GGML_TYPES, GgmlType
from workbench.gguf.growing import GrowingSource
from workbench.gguf.header import Header, Value, WeightsFile, check_whole
from workbench.gguf.model_files import first_file, read_header, read_model
from workbench.gguf.parser import parse, parse_first_window
from workbench.gguf.shards import Shard, ShardSet, joined, shard_of, shard_sets
from workbench.gguf.source import ByteSource, BytesSource, FileSource
from workbench.gguf.tensor_info import TensorInfo, layer_of

__all__ = [
    "FILE_TYPES",
    "GGML_TYPES",
    "Array",
    "ByteSource",
    "BytesSource",
    "FileSource",
    "GgmlType",
    "GrowingSource",
    "Header",
    "Shard",
    "ShardSet",
    "TensorInfo",
    "Value",
    "WeightsFile",
    "array_of",
    "check_whole",
    "first_file",
    "joined",
    "layer_of",
    "parse",
    "parse_first_window",
    "read_header",
    "read_model",
    "shard_of",
    "shard_sets",
]
