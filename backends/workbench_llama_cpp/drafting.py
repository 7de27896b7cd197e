"""What is drafted for each answer in a step: where drafts come from, and how many are checked.

Knows nothing of batches or logits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.engine_settings import DRAFT_ROWS, Speculation
from workbench.errors import InvalidRequest
from workbench_llama_cpp.active import Active
from workbench_llama_cpp.cache import takes_back
from workbench_llama_cpp.loading import Loaded
from workbench_llama_cpp.ngram import continuation
from workbench_llama_cpp.pace import Pace
from workbench_llama_cpp.speculation import Ambition


class Drafting:
    """Serves one engine."""

    def __init__(self, loaded: Loaded, pace: Pace) -> None:
        self._usual = loaded.settings.speculation if takes_back(loaded.model) else "off"
        self._context_length = loaded.context_length
        self._pace = pace
        self._ambition = Ambition(loaded.settings.micro_batch, DRAFT_ROWS)

    def check(self, wanted: Speculation | None) -> None:
        """Raise InvalidRequest for drafts of a kind that the engine was not loaded for."""
        if wanted not in (None, "off", self._usual):
            raise InvalidRequest(
                f"{wanted!r} speculation is not at hand: the model was loaded without it.",
                f"Leave it out, or load the model with --speculate {wanted}.",
            )

    def drafts(self, answers: Sequence[Active]) -> list[Sequence[int]]:
        """Tokens to check after the next one of each answer."""
        found = [self._draft(active) for active in answers]
        if not any(len(tokens) for tokens in found):
            return found
        available, rates = [len(tokens) for tokens in found], [one.acceptance.rate for one in answers]
        shares = self._ambition.shares(available, rates, self._pace.alone)
        for active, share in zip(answers, shares, strict=True):
            if not share:
                active.acceptance.fade()
        return [tokens[:share] for tokens, share in zip(found, shares, strict=True)]

    def _draft(self, active: Active) -> Sequence[int]:
        room = min(DRAFT_ROWS, active.room_for_drafts(self._context_length))
        if room < 1 or active.matching is not None or (active.request.speculation or self._usual) == "off":
            return ()
        assert active.slot is not None
        text = np.append(active.slot.tokens, np.int32(active.next_token))
        return [int(token) for token in continuation(text, room)]
