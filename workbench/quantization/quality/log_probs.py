"""What a model expects at each token of a window, and the form in which that is stored.

A log-probability is stored as its distance from the row's largest, in 65535 steps over 16 nats, or over the
row's own range where that is less; what lies further off counts as impossible. So each is off by half a step,
0.000124 nats, at most, as in llama-perplexity's files; the steps are then compressed.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RANGE = 16.0
"""Nats below a row's largest log-probability within which others are kept apart."""
_STEPS = 65535
_HEAD = struct.Struct("<III")


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Over the last axis. Sums in 64 bits."""
    shifted: NDArray[np.float32] = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True, dtype=np.float64)).astype(np.float32)
    return shifted


@dataclass(frozen=True, slots=True)
class Expected:
    """The log-probabilities of some rows, with steps in place of numbers.

    Attributes:
        largest: Each row's largest log-probability; `step` is the distance that one step stands for.
        likeliest: Each row's likeliest token.
        losses: The negative log-probability of each row's target, as it was before it was stored.
        steps: In shape (rows, vocabulary).
    """

    largest: NDArray[np.float32]
    step: NDArray[np.float32]
    likeliest: NDArray[np.int32]
    losses: NDArray[np.float32]
    steps: NDArray[np.uint16]

    @classmethod
    def of(cls, log_probs: NDArray[np.float32], targets: NDArray[np.int32]) -> Expected:
        largest = log_probs.max(axis=1)
        distance = np.minimum(largest[:, None] - log_probs, RANGE)
        step = distance.max(axis=1) / _STEPS
        step[step == 0] = 1.0
        losses = -log_probs[np.arange(len(targets)), targets]
        likeliest = log_probs.argmax(axis=1).astype(np.int32)
        steps = np.rint(distance / step[:, None]).astype(np.uint16)
        return cls(largest, step.astype(np.float32), likeliest, losses, steps)

    def __getitem__(self, rows: slice) -> Expected:
        return Expected(
            self.largest[rows], self.step[rows], self.likeliest[rows], self.losses[rows], self.steps[rows]
        )

    def log_probs(self) -> NDArray[np.float32]:
        return self.largest[:, None] - self.step[:, None] * self.steps


def joined(parts: list[Expected]) -> Expected:
    columns = zip(*((p.largest, p.step, p.likeliest, p.losses, p.steps) for p in parts), strict=True)
    return Expected(*(np.concatenate(column) for column in columns))


def stored(expected: Expected) -> bytes:
    rows, width = expected.steps.shape
    planes = expected.steps.astype("<u2").view(np.uint8).reshape(rows, width, 2)
    low, high = _deflated(planes[:, :, 0]), _deflated(planes[:, :, 1])
    columns = (expected.largest, expected.step, expected.likeliest, expected.losses)
    return b"".join((_HEAD.pack(rows, width, len(low)), *map(_bytes, columns), low, high))


def restored(content: bytes) -> Expected:
    """Raises ValueError or zlib.error for what `stored` did not make."""
    rows, width, low_size = _HEAD.unpack_from(content)
    columns = np.frombuffer(content, "<u4", 4 * rows, _HEAD.size).reshape(4, rows)
    begin = _HEAD.size + 16 * rows
    planes = np.empty((rows, width, 2), np.uint8)
    for plane, data in enumerate((content[begin : begin + low_size], content[begin + low_size :])):
        planes[:, :, plane] = np.frombuffer(zlib.decompress(data, -15), np.uint8).reshape(rows, width)
    largest, step, losses = (columns[index].view("<f4") for index in (0, 1, 3))
    return Expected(largest, step, columns[2].view("<i4"), losses, planes.view("<u2")[:, :, 0])


def _deflated(plane: NDArray[np.uint8]) -> bytes:
    """Huffman's code alone: there are no repeated strings to find, and looking for them takes long."""
    coder = zlib.compressobj(level=1, wbits=-15, strategy=zlib.Z_HUFFMAN_ONLY)
    return coder.compress(plane.tobytes()) + coder.flush()


def _bytes(column: NDArray[Any]) -> bytes:
    return column.astype(column.dtype.newbyteorder("<")).tobytes()
