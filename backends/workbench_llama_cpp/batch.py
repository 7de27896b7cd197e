"""The batch that one decode takes, as columns that numpy fills.

One is made for each context and used again for every step. Knows nothing of requests.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench_llama_cpp.binding import llama


class Batch:
    """Room for `capacity` tokens, each belonging to one sequence."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self._tokens = np.zeros(capacity, np.int32)
        self._positions = np.zeros(capacity, np.int32)
        self._sequence_counts = np.ones(capacity, np.int32)
        self._sequences = np.zeros(capacity, np.int32)
        self._outputs = np.zeros(capacity, np.int8)
        first, step = self._sequences.ctypes.data, self._sequences.itemsize
        self._sequence_pointers = first + step * np.arange(capacity, dtype=np.uint64)
        self._structure = self._as_structure()

    def clear(self) -> None:
        self.size = 0

    def add(
        self, tokens: Sequence[int] | NDArray[np.int32], position: int, sequence: int, outputs: int
    ) -> int:
        """Append tokens of one sequence, the last `outputs` with logits. Returns the last one's row."""
        start, end = self.size, self.size + len(tokens)
        self._tokens[start:end] = tokens
        self._positions[start:end] = np.arange(position, position + len(tokens))
        self._sequences[start:end] = sequence
        self._outputs[start:end] = 0
        self._outputs[end - outputs : end] = 1
        self.size = end
        return end - 1

    def structure(self) -> Any:
        self._structure.n_tokens = self.size
        return self._structure

    def _as_structure(self) -> Any:
        def column(values: np.ndarray[Any, Any], kind: Any) -> Any:
            return ctypes.cast(values.ctypes.data, ctypes.POINTER(kind))

        batch = llama().llama_batch()
        batch.token = column(self._tokens, ctypes.c_int32)
        batch.embd = None
        batch.pos = column(self._positions, ctypes.c_int32)
        batch.n_seq_id = column(self._sequence_counts, ctypes.c_int32)
        batch.seq_id = column(self._sequence_pointers, ctypes.POINTER(ctypes.c_int32))
        batch.logits = column(self._outputs, ctypes.c_int8)
        return batch
