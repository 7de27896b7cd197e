"""One request in the engine: its prompt, its slot, and where it stands.

Knows nothing of the other requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.backend import TokenRequest
from workbench.constraining.matching import Matching
from workbench.events import Usage
from workbench.sampler_trace import TraceRequest
from workbench_llama_cpp.batch import Batch
from workbench_llama_cpp.mixed_prompt import Chunk
from workbench_llama_cpp.sampler import Sampler
from workbench_llama_cpp.slots import Slot, Slots, Tokens
from workbench_llama_cpp.speculation import Acceptance


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
        drafts: What may follow `next_token`, computed beside it in this step.
        acceptance: How good its drafts have been.
        undecided: The next token has to be computed without drafts.
        chunks: The media of its prompt, by their places in it.
        tracing: What is to be told of the next token's probabilities, in place of an answer.
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
    drafts: Sequence[int] = ()
    acceptance: Acceptance = field(default_factory=Acceptance)
    undecided: bool = False
    chunks: Mapping[int, Chunk] = field(default_factory=dict)
    tracing: TraceRequest | None = None

    @property
    def slot_length(self) -> int:
        return self.slot.length if self.slot else 0

    @property
    def sequence(self) -> int:
        return self.slot.sequence if self.slot else -1

    @property
    def remaining(self) -> int:
        """Prompt tokens still to be computed, up to the next medium."""
        start = self.slot_length
        end = min((place for place in self.chunks if place >= start), default=len(self.prompt))
        return max(0, end - start)

    @property
    def in_prompt(self) -> bool:
        return self.slot_length < len(self.prompt)

    @property
    def medium(self) -> Chunk | None:
        """What has to be computed next, where that is no text."""
        return self.chunks.get(self.slot_length) if self.chunks else None

    def most_tokens(self, context_length: int) -> int:
        """How long the answer may become."""
        room = context_length - len(self.prompt)
        return room if self.request.max_tokens is None else min(room, self.request.max_tokens)

    @property
    def rows(self) -> range:
        """Batch positions to draw from, in the order of the text."""
        assert self.row is not None
        return range(self.row - len(self.drafts), self.row + 1)

    def usage(self) -> Usage:
        return Usage(
            len(self.prompt),
            self.cached,
            self.drawn,
            drafted_tokens=self.acceptance.drafted_tokens,
            accepted_tokens=self.acceptance.accepted_tokens,
        )

    def accepts(self, draft: int | None) -> bool:
        """Whether the token that was drawn is the drafted one."""
        accepted = self.next_token == draft
        self.acceptance.accepted_tokens += accepted
        return accepted

    def take_back(self, slots: Slots, kept: int) -> bool:
        """Keep so many of the tokens that were computed in this step; False when nothing at all is left."""
        assert self.slot is not None
        drafted = len(self.drafts)
        self.acceptance.learn(drafted, kept if self.undecided else kept - 1)
        return slots.take_back(self.slot, self.slot.length - 1 - drafted + kept)

    def room_for_drafts(self, context_length: int) -> int:
        """Tokens that may follow the next one."""
        return 0 if self.undecided else self.most_tokens(context_length) - self.drawn - 1

    def add_next_token(self, batch: Batch, drafts: Sequence[int]) -> None:
        self.drafts = drafts
        self.acceptance.drafted_tokens += len(drafts)
        tokens = np.array([self.next_token, *drafts], np.int32)
        self._add(batch, tokens, outputs=len(tokens))

    def add_prompt(self, batch: Batch, count: int) -> None:
        """The next `count` tokens of the prompt; logits are asked for after the last one only."""
        if count:
            start = self.slot_length
            ends_prompt = start + count == len(self.prompt)
            self._add(
                batch, self.prompt[start : start + count], int(ends_prompt and self.request.max_tokens != 0)
            )

    def _add(self, batch: Batch, tokens: Tokens, outputs: int) -> None:
        assert self.slot is not None
        self.row = batch.add(tokens, self.slot.position, self.slot.sequence, outputs)
        self.slot.extend(tokens)
