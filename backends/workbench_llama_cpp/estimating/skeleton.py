"""A file from which llama.cpp learns all sizes of a model and none of its weights.

It has what the header says, without the vocabulary, and then nothing: a hole as long as the weights, which
takes no room on disk. Made once for each header and kept in the cache, named by its own content. Knows
nothing of llama.cpp.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from workbench.errors import InvalidModel, NoSpace
from workbench.gguf import Array, Header, Value
from workbench.paths import cache_folder
from workbench_llama_cpp.header_bytes import header_bytes, padded

_LEFT_OUT = ("tokenizer.", "split.")
_VOCABULARY = "tokenizer.ggml.tokens"
_MOST_TOKENS = 1 << 22


def skeleton(header: Header) -> Path:
    """The file for a model with this header, all its shards in one. Raises InvalidModel or NoSpace."""
    content = skeleton_header(header)
    size = len(content) + sum(padded(tensor.size_bytes, header.alignment) for tensor in header.tensors)
    folder = cache_folder() / "skeletons"
    path = folder / f"{hashlib.sha256(content).hexdigest()[:40]}.gguf"
    try:
        if not _is(path, content, size):
            _write(folder, path, content, size)
    except (OSError, OverflowError) as error:
        raise NoSpace(
            f"A file of {size / 2**30:.1f} GiB without content cannot be made in {folder}: {error}.",
            "Put the cache on a file system that knows sparse files, with WORKBENCH_HOME.",
        ) from error
    return path


def _is(path: Path, content: bytes, size: int) -> bool:
    try:
        with open(path, "rb") as file:
            return os.fstat(file.fileno()).st_size == size and file.read(len(content)) == content
    except FileNotFoundError:
        return False


def _write(folder: Path, path: Path, content: bytes, size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=folder, suffix=".unfinished")
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.truncate(size)
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise


def skeleton_header(header: Header) -> bytes:
    """The bytes before the hole, up to where the weights would begin."""
    return header_bytes(described(header), header.tensors, header.alignment)


def described(header: Header) -> Mapping[str, Value]:
    """Numbers, switches and what belongs to the architecture; neither vocabulary nor descriptions."""
    kept = {
        key: value
        for key, value in header.metadata.items()
        if not key.startswith(_LEFT_OUT) and not (isinstance(value, str) and key.startswith("general."))
    }
    kept["general.architecture"] = header.architecture
    kept["tokenizer.ggml.model"] = "none"
    size = f"{header.architecture}.vocab_size"
    if isinstance(tokens := header.metadata.get(_VOCABULARY), Array):
        kept[size] = len(tokens)
    if isinstance(count := kept.get(size), int) and count > _MOST_TOKENS:  # llama.cpp would make room for all
        raise InvalidModel(
            f"{header.source_name} claims a vocabulary of {count} tokens.",
            "Download it again, or ask whoever made it for a sound file.",
        )
    token_types = header.metadata.get("tokenizer.ggml.token_type_count")
    return kept if token_types is None else {**kept, "tokenizer.ggml.token_type_count": token_types}
