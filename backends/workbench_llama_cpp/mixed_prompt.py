"""A prompt of texts and media, as llama.cpp's own tokenizer for them reads it.

Knows nothing of requests, and nothing of how media are computed.
"""

from __future__ import annotations

import ctypes
import hashlib
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.conversation import Medium
from workbench.errors import InvalidRequest
from workbench_llama_cpp.binding import log
from workbench_llama_cpp.bitmaps import MOST_PIXELS, MOST_SECONDS, invalid, pixels, samples
from workbench_llama_cpp.media_rows import MOST_POSITIONS, Rows, rows_of
from workbench_llama_cpp.mtmd import mtmd
from workbench_llama_cpp.vocabulary import Vocabulary

_MOST_MEDIA = 100
_TEXT = 0  # mtmd_input_chunk_type


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """A medium, or a part of one, that is computed in one piece: mtmd's handle of it, and its rows."""

    handle: int
    rows: Rows
    medium: Medium


@dataclass(frozen=True, slots=True, eq=False)
class MixedPrompt:
    """Tokens with rows among them, and the chunks that these stand for by where they begin.

    `owner` keeps what the chunks' handles point to.
    """

    tokens: Rows
    chunks: Mapping[int, Chunk]
    owner: object


def read_prompt(
    projector: Any, vocabulary: Vocabulary, parts: Sequence[str | Medium], most_at_once: int
) -> MixedPrompt:
    """Control tokens in texts are read as such. Raises InvalidRequest, naming the medium at fault.

    `most_at_once` is how many tokens one pass computes.
    """
    media = [part for part in parts if isinstance(part, Medium)]
    if len(media) > _MOST_MEDIA:
        raise InvalidRequest(
            f"There are {len(media)} images and sounds in the request, and at most {_MOST_MEDIA} are read.",
            "Send fewer.",
        )
    bitmaps = _Bitmaps(projector)
    try:
        handles = [bitmaps.add(medium) for medium in media]
        chunks = _tokenized(projector, vocabulary, parts, handles)
    finally:
        bitmaps.free()
    pieces, found, start = list[Rows](), dict[int, Chunk](), 0
    for chunk in _with_media(chunks, media):
        if isinstance(chunk, Chunk):
            _check_room(projector, chunk, most_at_once)
            found[start] = chunk
        pieces.append(rows := chunk.rows if isinstance(chunk, Chunk) else chunk)
        start += len(rows)
    if start in (place + len(chunk.rows) for place, chunk in found.items()):
        raise InvalidRequest("The prompt ends with a medium, and nothing can follow.", "End it with text.")
    return MixedPrompt(np.concatenate(pieces), found, chunks)


class _Bitmaps:
    """What the media of one prompt look and sound like, within the limits for all of them together."""

    def __init__(self, projector: Any) -> None:
        self._mtmd = mtmd()
        self._pixels = MOST_PIXELS
        self._rate: int = self._mtmd.mtmd_get_audio_sample_rate(projector)
        self._samples = MOST_SECONDS * self._rate
        self._handles: list[int] = []

    def add(self, medium: Medium) -> int:
        """The handle; its id is the medium's number."""
        handle = self._image(medium) if medium.kind == "image" else self._sound(medium)
        self._mtmd.mtmd_bitmap_set_id(handle, str(len(self._handles)).encode())
        self._handles.append(handle)
        return handle

    def free(self) -> None:
        for handle in self._handles:
            self._mtmd.mtmd_bitmap_free(handle)

    def _image(self, medium: Medium) -> int:
        found = pixels(medium, self._pixels)
        height, width, _ = found.shape
        self._pixels -= height * width
        data = ctypes.cast(found.ctypes.data, ctypes.POINTER(ctypes.c_uint8))
        return int(self._mtmd.mtmd_bitmap_init(width, height, data))

    def _sound(self, medium: Medium) -> int:
        found = samples(medium, self._rate, self._samples)
        self._samples -= len(found)
        data = ctypes.cast(found.ctypes.data, ctypes.POINTER(ctypes.c_float))
        return int(self._mtmd.mtmd_bitmap_init_from_audio(len(found), data))


class _Chunks:
    """mtmd's list of chunks, freed with the last who knows it."""

    def __init__(self) -> None:
        self.handle = mtmd().mtmd_input_chunks_init()
        weakref.finalize(self, mtmd().mtmd_input_chunks_free, self.handle)

    def __iter__(self) -> Iterator[int]:
        for index in range(mtmd().mtmd_input_chunks_size(self.handle)):
            yield mtmd().mtmd_input_chunks_get(self.handle, index)


def _tokenized(
    projector: Any, vocabulary: Vocabulary, parts: Sequence[str | Medium], bitmaps: Sequence[int]
) -> _Chunks:
    functions, chunks, left = mtmd(), _Chunks(), iter(bitmaps)
    entries = []
    for part in parts:
        if isinstance(part, Medium):
            entries.append(functions.mtmd_input_part(None, next(left)))
        else:
            data = part.encode()
            text = functions.mtmd_input_text(data, len(data), False, True)
            entries.append(functions.mtmd_input_part(ctypes.pointer(text), None))
    pointers = (ctypes.POINTER(functions.mtmd_input_part) * len(entries))(*map(ctypes.pointer, entries))
    first = parts[0] if isinstance(parts[0], str) else ""
    adds = vocabulary.lacks_beginning(first)
    log.clear()
    if functions.mtmd_tokenize_from_parts(projector, chunks.handle, pointers, len(entries), adds):
        raise InvalidRequest(f"The media cannot be read by this model: {log.reason()}.", "Send other ones.")
    return chunks


def _with_media(chunks: _Chunks, media: Sequence[Medium]) -> Iterator[Rows | Chunk]:
    """Texts as tokens, media with their rows; those of one medium are told apart by their order."""
    functions = mtmd()
    hashes = [hashlib.sha256(medium.kind.encode() + medium.data) for medium in media]
    for handle in chunks:
        if functions.mtmd_input_chunk_get_type(handle) == _TEXT:
            count = ctypes.c_size_t()
            tokens = functions.mtmd_input_chunk_get_tokens_text(handle, ctypes.byref(count))
            yield np.array(tokens[: count.value], np.int32)
            continue
        number = int(functions.mtmd_input_chunk_get_id(handle))
        hashes[number].update(b"next part")
        size = functions.mtmd_input_chunk_get_n_tokens(handle)
        positions = functions.mtmd_input_chunk_get_n_pos(handle)
        if not 0 < positions <= MOST_POSITIONS:
            raise invalid(media[number], f"takes {positions} positions.", "Send a smaller one.")
        yield Chunk(handle, rows_of(hashes[number].digest(), size, positions), media[number])


def _check_room(projector: Any, chunk: Chunk, most_at_once: int) -> None:
    """llama.cpp would abort the process on an image that is looked at as a whole and has too many tokens."""
    count = len(chunk.rows)
    if count > most_at_once and mtmd().mtmd_decode_use_non_causal(projector, chunk.handle):
        raise invalid(
            chunk.medium,
            f"takes {count} tokens, and this model has to compute them in one pass of {most_at_once}.",
            f"Load it with --micro-batch {count}.",
        )
