"""One request in the engine: its prompt, its slot, and where it stands.

Knows nothing of the other requests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.backend import TokenRequest
from workbench_llama_cpp.batch import Batch
from workbench_llama_cpp.constraining.matching import Matching
from workbench_llama_cpp.sampler import Sampler
from workbench_llama_cpp.slots import Slot, Tokens


@dataclass(slots=True, eq=False)
class Active:
    """A request from when it is taken in until it ends.

    Attributes:
        cached: Prompt tokens taken from earlier work.
        next_token: The last token drawn, not yet in the cache.
        drawn: Tokens of the answer so far.
        row: Its last position in this step's batch, None when it had no part in the step.
        matching: What its constraint allows next, where it has one.
        held: The logits that it still has to draw from, when its constraint took longer than the step.
    """

    request: TokenRequest
    prompt: Tokens
    sampler: Sampler
    slot: Slot | None = None
    cached: int = 0
    next_token: int = -1
    drawn: int = 0
    row: int | None = None
    matching: Matching | None = None
    held: NDArray[np.float32] | None = None

    @property
    def slot_length(self) -> int:
        return self.slot.length if self.slot else 0

    @property
    def remaining(self) -> int:
        """Prompt tokens still to be computed."""
        return max(0, len(self.prompt) - self.slot_length)

    @property
    def in_prompt(self) -> bool:
        return self.remaining > 0

    def most_tokens(self, context_length: int) -> int:
        """How long the answer may become."""
        room = context_length - len(self.prompt)
        return room if self.request.max_tokens is None else min(room, self.request.max_tokens)

    def add_next_token(self, batch: Batch) -> None:
        self._add(batch, np.array([self.next_token], np.int32), output=True)

    def add_prompt(self, batch: Batch, count: int) -> None:
        """The next `count` tokens of the prompt; logits are asked for after the last one only."""
        if count:
            start = self.slot_length
            ends_prompt = count == self.remaining
            self._add(batch, self.prompt[start : start + count], ends_prompt and self.request.max_tokens != 0)

    def _add(self, batch: Batch, tokens: Tokens, output: bool) -> None:
        assert self.slot is not None
        self.row = batch.add(tokens, self.slot.length, self.slot.sequence, output)
        self.slot.extend(tokens)
