"""What is drafted for each answer in a step: where drafts come from, and how many are checked.

Knows nothing of batches or logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from workbench.backend import TokenRequest
from workbench.engine_settings import DRAFT_ROWS, Speculation
from workbench.errors import InvalidRequest
from workbench_llama_cpp.active import Active
from workbench_llama_cpp.cache import takes_back
from workbench_llama_cpp.draft_model import DraftModel, Wish
from workbench_llama_cpp.loading import Loaded
from workbench_llama_cpp.ngram import continuation
from workbench_llama_cpp.pace import Pace
from workbench_llama_cpp.slots import Tokens
from workbench_llama_cpp.speculation import Acceptance, Ambition


@dataclass(frozen=True, slots=True)
class Outlook:
    """How an answer's draft, of `most` tokens, may be had: `found` in its text, or from the draft model."""

    active: Active
    found: Sequence[int] = ()
    by_model: bool = False
    most: int = 0


class Drafting:
    """Serves one engine. Owns the context of its draft model."""

    def __init__(self, loaded: Loaded, pace: Pace) -> None:
        self._settings = loaded.settings
        self._context_length = loaded.context_length
        self._pace = pace
        self._ambition = Ambition(loaded.settings.micro_batch, DRAFT_ROWS)
        self._model = DraftModel(loaded.draft, loaded.vocabulary.size) if loaded.draft else None
        self._at_hand = self._kinds(takes_back(loaded.model))
        self._met: dict[Speculation, Acceptance] = {"ngram": Acceptance(), "draft": Acceptance()}

    def check(self, wanted: Speculation | None) -> None:
        """Raise InvalidRequest for drafts of a kind that the engine was not loaded for."""
        if wanted in (None, "off") or wanted in self._at_hand:
            return
        flag = "--draft MODEL" if wanted == "draft" else "--speculate ngram"
        raise InvalidRequest(
            f"{wanted!r} speculation is not at hand: the model was loaded without it or cannot go back.",
            f"Leave it out, or load the model with {flag}.",
        )

    def expected(self, request: TokenRequest) -> Acceptance:
        """How good the drafts for a new request will be, as far as earlier ones tell."""
        return Acceptance(self._met.get(self._kind(request)))

    def drafts(self, answers: Sequence[Active]) -> list[Sequence[int]]:
        """Tokens to check after the next one of each answer."""
        if not self._at_hand:
            return [()] * len(answers)
        outlooks = [self._outlook(active) for active in answers]
        if not any(one.most for one in outlooks):
            return [()] * len(answers)
        available, rates = [one.most for one in outlooks], [one.active.acceptance.rate for one in outlooks]
        shares = self._ambition.shares(
            available, rates, self._pace.alone, lambda shares: self._seconds(outlooks, shares)
        )
        for active, share in zip(answers, shares, strict=True):
            if not share:
                active.acceptance.fade()
        guessed = self._guessed(outlooks, shares)
        return [
            guessed.get(one.active.request.id, ()) if one.by_model else one.found[:share]
            for one, share in zip(outlooks, shares, strict=True)
        ]

    def release(self, active: Active) -> None:
        """The request has ended."""
        if self._model is not None:
            self._model.release(active.request.id)

    def close(self) -> None:
        if self._model is not None:
            self._model.close()

    def _kinds(self, takes_back: bool) -> frozenset[Speculation]:
        if not takes_back or self._settings.output_rows == self._settings.parallel:
            return frozenset()
        return frozenset({"ngram", "draft"} if self._model else {"ngram"})

    def _kind(self, request: TokenRequest) -> Speculation:
        return request.speculation or self._settings.usual_speculation

    def _outlook(self, active: Active) -> Outlook:
        room = min(DRAFT_ROWS, active.room_for_drafts(self._context_length))
        kind = self._kind(active.request)
        if room < 1 or active.matching is not None or kind not in self._at_hand:
            return Outlook(active)
        if kind == "ngram":
            found = [
                int(token) for token in takewhile(lambda token: token >= 0, continuation(_text(active), room))
            ]
            return Outlook(active, found, most=len(found))
        assert self._model is not None
        return Outlook(active, by_model=True, most=min(room, self._model.room(active.slot_length + 1)))

    def _seconds(self, outlooks: Sequence[Outlook], shares: Sequence[int]) -> float:
        """What drafting so many tokens takes; reading a text is paid by as many tokens as came before."""
        if self._model is None:
            return 0.0
        wished = [(one, share) for one, share in zip(outlooks, shares, strict=True) if one.by_model and share]
        reading = sum(
            self._model.reading_seconds(one.active.request.id, one.active.slot_length)
            / (1 + one.active.drawn)
            for one, _ in wished
        )
        return reading + self._model.drafting_seconds([share for _, share in wished])

    def _guessed(self, outlooks: Sequence[Outlook], shares: Sequence[int]) -> dict[int, list[int]]:
        wishes = [
            Wish(one.active.request.id, _readable(_text(one.active)), share)
            for one, share in zip(outlooks, shares, strict=True)
            if one.by_model and share
        ]
        return self._model.drafts(wishes) if self._model is not None and wishes else {}


def _text(active: Active) -> Tokens:
    """The prompt, and the answer up to the token that was drawn last."""
    assert active.slot is not None
    return np.append(active.slot.tokens, np.int32(active.next_token))


def _readable(text: Tokens) -> Tokens:
    """Without images and sounds, which the draft model cannot read."""
    return text[text >= 0]
