"""llama.cpp's memory of a context, as the slots ask for it.

Each sequence has a part of the cache to itself, so sharing is copying: of the whole part, the next time that
something is computed. Some models keep a state that cannot be cut or shared in part: recurrent ones, and
sliding windows that have moved on. Then nothing is left of the sequence, and the caller computes anew.
"""

from __future__ import annotations

from typing import Any

from workbench.errors import EngineDied
from workbench_llama_cpp import sequence_state
from workbench_llama_cpp.batch import Batch
from workbench_llama_cpp.binding import llama

MOST_CARRIED = 1 << 30
"""Bytes that may be taken for a moment, to let two sequences change places."""


def takes_back(model: Any) -> bool:
    """Whether the last tokens of a sequence can be forgotten alone."""
    functions = llama()
    return not (functions.llama_model_is_recurrent(model) or functions.llama_model_is_hybrid(model))


class ContextMemory:
    """Bound to one context; sequences are numbered from 0, and lengths are in positions."""

    def __init__(self, model: Any, context: Any) -> None:
        self._llama = llama()
        self._context = context
        self._memory = self._llama.llama_get_memory(context)
        self._whole_only = not takes_back(model)
        self._window: int = self._llama.llama_model_n_swa(model)

    def truncate(self, sequence: int, length: int) -> bool:
        """Forget all after the first `length` positions; when that cannot be, forget everything."""
        end = self._llama.llama_memory_seq_pos_max(self._memory, sequence) + 1
        if length >= end or self._remove(sequence, length):
            return self._complete(sequence, length)
        return self._forget(sequence)

    def share(self, source: int, target: int, length: int) -> bool:
        if self._whole_only or not self._holds(source, length):
            return False
        self._llama.llama_memory_seq_cp(self._memory, source, target, -1, -1)
        return self.truncate(target, length)

    def settle(self, empty: int) -> None:
        """Have all copies made now, by computing a token of an `empty` sequence, which stays so."""
        if not self._whole_only:
            batch = Batch(1)
            batch.add([0], 0, empty, outputs=0)
            self._llama.llama_decode(self._context, batch.structure())
            self._remove(empty, 0)

    def exchange(self, first: int, second: int) -> bool:
        """Let two sequences change places by way of a copy of both; False when those would be too large.

        Raises EngineDied when llama.cpp does not take them back.
        """
        pair = first, second
        if sum(sequence_state.size(self._context, sequence) for sequence in pair) > MOST_CARRIED:
            return False
        states = [sequence_state.saved(self._context, sequence) for sequence in pair]
        for sequence, state in zip(reversed(pair), states, strict=True):
            self._remove(sequence, 0)
            if not sequence_state.restored(self._context, sequence, state):
                raise EngineDied("llama.cpp could not move what a request has computed.", "Ask again.")
        return True

    def clear(self) -> None:
        self._llama.llama_memory_clear(self._memory, False)

    def _complete(self, sequence: int, length: int) -> bool:
        """Whether all that the next token will look at is there; when it is not, forget everything."""
        return not length or self._whole_only or self._holds(sequence, length) or self._forget(sequence)

    def _holds(self, sequence: int, length: int) -> bool:
        first: int = self._llama.llama_memory_seq_pos_min(self._memory, sequence)
        latest = max(0, length - self._window) if self._window else 0
        return 0 <= first <= latest

    def _remove(self, sequence: int, start: int) -> bool:
        return bool(self._llama.llama_memory_seq_rm(self._memory, sequence, start, -1))

    def _forget(self, sequence: int) -> bool:
        self._remove(sequence, 0)
        return False
