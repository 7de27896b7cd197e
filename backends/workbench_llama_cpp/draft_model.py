"""A small model that guesses how the answers of a large one go on, all of them in one decode for each place.

It keeps each text in a slot of its own cache, brought up to date when a draft is asked for: what the answer
did not take of earlier drafts is forgotten, and what came meanwhile is read. Where that is much, such as a
prompt, it is read beside several steps. Knows nothing of what becomes of its drafts.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.engine_settings import DRAFT_ROWS
from workbench_llama_cpp.batch import Batch
from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.cache import ContextMemory
from workbench_llama_cpp.decoding import decode
from workbench_llama_cpp.loading import Loaded, make_context
from workbench_llama_cpp.logits import logits
from workbench_llama_cpp.pace import Pace
from workbench_llama_cpp.parameters import BATCH
from workbench_llama_cpp.slots import Slot, Slots, Tokens, common_prefix, least_shared

AT_HAND = DRAFT_ROWS + 1
"""Tokens that an answer gets in a step at most. Who lacks no more than these is up to date."""


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """So many tokens are to be drafted after the text of a request, which ends with a token just drawn."""

    request_id: int
    text: Tokens
    count: int


class DraftModel:
    """Owns the context of a loaded model, and shares `vocabulary_size` tokens with the large one at most."""

    def __init__(self, loaded: Loaded, vocabulary_size: int) -> None:
        self._loaded = loaded
        self._context = make_context(loaded)
        self._slots = Slots(
            loaded.settings.parallel,
            ContextMemory(loaded.model, self._context),
            least_shared(loaded.context_length),
        )
        self._batch = Batch(BATCH)
        self._pace = Pace(BATCH - DRAFT_ROWS * AT_HAND)
        self._held: dict[int, Slot] = {}
        self._size = min(vocabulary_size, loaded.vocabulary.size)

    def room(self, length: int) -> int:
        """How many tokens it can draft after a text of that length."""
        return max(0, self._loaded.context_length - length)

    def drafting_seconds(self, counts: Sequence[int]) -> float:
        """What it takes to draft so many tokens for each of several answers, as far as that is known."""
        return max(counts, default=0) * (self._pace.alone(len(counts)) or 0.0)

    def reading_seconds(self, request_id: int, length: int) -> float:
        """What it takes to bring a text of that length up to date; nothing where little is missing."""
        slot = self._held.get(request_id)
        missing = length - (slot.length if slot else 0)
        return 0.0 if missing <= AT_HAND else self._pace.prompt_seconds(missing)

    def drafts(self, wishes: Sequence[Wish]) -> dict[int, list[int]]:
        """The tokens for each request; none yet for one whose text is still being read.

        Nor are there any after a token that it does not know.
        """
        drafts: dict[int, list[int]] = {wish.request_id: [] for wish in wishes}
        known = [wish for wish in wishes if wish.text.max() < self._size]
        going = self._read(known) if known else []
        while going:
            for wish, row in going:
                drafts[wish.request_id].append(self._likeliest(row))
            going = self._go_on([wish for wish, _ in going if self._wants_more(wish, drafts)], drafts)
        return drafts

    def release(self, request_id: int) -> None:
        """The request has ended; what is known of its text stays for others that begin alike."""
        slot = self._held.pop(request_id, None)
        if slot is not None:
            self._slots.release(slot)

    def close(self) -> None:
        if self._context is not None:
            llama().llama_free(self._context)
            self._context = None

    def _read(self, wishes: Sequence[Wish]) -> list[tuple[Wish, int]]:
        """Bring texts up to date. Those that are, each with the row that says what follows."""
        self._batch.clear()
        ready = list[tuple[Wish, int]]()
        room, read = self._pace.prompt_tokens(len(wishes)), 0
        begun = [(wish, self._up_to_where_it_holds(wish)) for wish in self._one_late(wishes)]
        for wish, slot in sorted(begun, key=lambda one: one[1].sequence):
            missing = wish.text[slot.length :]
            if len(missing) > AT_HAND:
                missing = missing[: room - read]
                read += len(missing)
            row = self._add(slot, missing, ends=slot.length + len(missing) == len(wish.text))
            if slot.length == len(wish.text):
                ready.append((wish, row))
        self._compute(len(ready), read)
        return ready

    def _one_late(self, wishes: Sequence[Wish]) -> list[Wish]:
        """Without all but the first of those that lack much, so that others that begin alike can share it."""
        late = [wish for wish in wishes if self._lacks_much(wish)]
        return [wish for wish in wishes if wish not in late[1:]]

    def _lacks_much(self, wish: Wish) -> bool:
        slot = self._held.get(wish.request_id)
        return slot is None or common_prefix(slot.tokens, wish.text) < len(wish.text) - AT_HAND

    def _up_to_where_it_holds(self, wish: Wish) -> Slot:
        """The request's slot, holding a beginning of the text and nothing else, nor all of the text."""
        slot = self._held.get(wish.request_id)
        if slot is None:
            slot = self._held[wish.request_id] = self._slots.take(wish.text)
        else:
            self._slots.take_back(slot, common_prefix(slot.tokens, wish.text[:-1]))
        return slot

    def _go_on(self, wishes: Sequence[Wish], drafts: dict[int, list[int]]) -> list[tuple[Wish, int]]:
        """Read the last draft of each."""
        if not wishes:
            return []
        self._batch.clear()
        rows = [
            self._add(self._held[wish.request_id], drafts[wish.request_id][-1:], ends=True) for wish in wishes
        ]
        self._compute(len(rows), 0)
        return list(zip(wishes, rows, strict=True))

    def _add(self, slot: Slot, tokens: Sequence[int] | Tokens, *, ends: bool) -> int:
        added = np.asarray(tokens, np.int32)
        row = self._batch.add(added, slot.length, slot.sequence, outputs=int(ends))
        slot.extend(added)
        return row

    def _compute(self, answers: int, read: int) -> None:
        started = time.perf_counter()
        decode(self._context, self._batch, self._slots)
        llama().llama_synchronize(self._context)
        self._pace.learn(answers, read, time.perf_counter() - started)

    def _likeliest(self, row: int) -> int:
        return int(logits(self._context, row, self._loaded.vocabulary.size)[: self._size].argmax())

    def _wants_more(self, wish: Wish, drafts: dict[int, list[int]]) -> bool:
        found = drafts[wish.request_id]
        return len(found) < wish.count and not self._loaded.vocabulary.ends(found[-1])
