"""How well a model expects the answers of rows: nats for each trained token, and bits for each byte.

What is only read counts nothing. Bits per byte may be compared between models with other vocabularies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.datasets.target.mask import TokenizedRow
from workbench.datasets.target.target import Target
from workbench.ports import ScoredModel
from workbench.quantization.quality.expectations import log_probs_from

_RESAMPLES = 2000
_SEED = 7


@dataclass(frozen=True, slots=True)
class RowLoss:
    """One row: its trained tokens and their nats; of those that are text, the nats and the bytes apart."""

    tokens: int
    nats: float
    text_nats: float
    text_bytes: int


@dataclass(frozen=True, slots=True)
class Interval:
    """A value, and between what it lies with 95 % certainty, by drawing the rows anew."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Losses:
    """All rows of one model, as arrays of the shape (rows,)."""

    tokens: NDArray[np.float64]
    nats: NDArray[np.float64]
    text_nats: NDArray[np.float64]
    text_bytes: NDArray[np.float64]

    @property
    def per_token(self) -> Interval:
        """Nats."""
        return _interval([(self.nats, self.tokens)])

    @property
    def bits_per_byte(self) -> Interval:
        return _interval([(self.text_nats / math.log(2), self.text_bytes)])


def row_loss(model: ScoredModel, target: Target, row: TokenizedRow) -> RowLoss:
    """Raises as ScoredModel.extend does, and InvalidModel where the model computes no numbers."""
    ids, trained = np.array(row.tokens.ids, np.int32), np.flatnonzero(row.weights)
    trained = trained[trained > 0]
    if not len(trained):
        return RowLoss(0, 0.0, 0.0, 0)
    first = int(trained[0]) - 1
    nats = np.zeros(len(ids))
    for place, log_probs in log_probs_from(model, ids[:-1], first):
        targets = ids[first + 1 + place.start : first + 1 + place.stop]
        nats[first + 1 + place.start : first + 1 + place.stop] = -log_probs[np.arange(len(targets)), targets]
    ends = target.facts.end_tokens
    text = [place for place in trained.tolist() if row.tokens.ids[place] not in ends]
    return RowLoss(
        len(trained),
        float(nats[trained].sum()),
        float(nats[text].sum()),
        sum(len(target.vocabulary.piece(row.tokens.ids[place])) for place in text),
    )


def losses_of(rows: Sequence[RowLoss]) -> Losses:
    """Rows without a trained token count nothing."""
    return Losses(
        np.array([row.tokens for row in rows], np.float64),
        np.array([row.nats for row in rows], np.float64),
        np.array([row.text_nats for row in rows], np.float64),
        np.array([row.text_bytes for row in rows], np.float64),
    )


def per_token_difference(tuned: Losses, base: Losses) -> Interval:
    """Nats per token, of the same rows; below 0 where the tuned model expects them better."""
    return _interval([(tuned.nats, tuned.tokens), (base.nats, base.tokens)])


def bits_per_byte_difference(tuned: Losses, base: Losses) -> Interval:
    """As per_token_difference."""
    bits = math.log(2)
    return _interval([(tuned.text_nats / bits, tuned.text_bytes), (base.text_nats / bits, base.text_bytes)])


def gap(held_out: Losses, trained: Losses) -> Interval:
    """How many nats per token a model expects rows held out worse than those it was trained on."""
    draw = np.random.default_rng(_SEED)
    drawn = [_drawn([(one.nats, one.tokens)], draw) for one in (held_out, trained)]
    value = held_out.per_token.value - trained.per_token.value
    return _between(value, drawn[0] - drawn[1])


Ratio = tuple[NDArray[np.float64], NDArray[np.float64]]


def _interval(ratios: Sequence[Ratio]) -> Interval:
    """The first ratio of sums, less the second where there is one, over rows that are drawn anew together."""
    rows = len(ratios[0][0])
    return _between(_difference(ratios, np.ones(rows)), _drawn(ratios, np.random.default_rng(_SEED)))


def _drawn(ratios: Sequence[Ratio], draw: np.random.Generator) -> NDArray[np.float64]:
    rows = len(ratios[0][0])
    counts = (np.bincount(draw.integers(0, rows, rows), minlength=rows) for _ in range(_RESAMPLES))
    return np.array([_difference(ratios, one) for one in counts])


def _difference(ratios: Sequence[Ratio], counts: NDArray[Any]) -> float:
    found = [float(counts @ above) / max(float(counts @ below), 1e-12) for above, below in ratios]
    return found[0] - sum(found[1:])


def _between(value: float, drawn: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Interval(value, float(low), float(high))
