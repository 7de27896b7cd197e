"""What a model expects, stored: how large it is and how far from what it was."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.quantization.quality.log_probs import RANGE, Expected, joined, log_softmax, restored, stored

WIDTH = 5000
ERROR = 0.000124


def logits(rows: int, spread: float) -> NDArray[np.float32]:
    return (np.random.default_rng(7).standard_normal((rows, WIDTH)) * spread).astype(np.float32)


@pytest.mark.parametrize("spread", [0.1, 2.0, 3.0, 9.0])
def test_within_the_range_everything_is_nearly_what_it_was(spread: float) -> None:
    log_probs = log_softmax(logits(6, spread))
    targets = np.arange(6, dtype=np.int32)
    data = stored(Expected.of(log_probs, targets))
    found = restored(data)
    near = log_probs > log_probs.max(axis=1, keepdims=True) - RANGE
    assert np.abs(found.log_probs() - log_probs)[near].max() < ERROR
    assert (found.log_probs()[~near] <= -RANGE).all()
    assert (found.losses == -log_probs[np.arange(6), targets]).all()
    assert (found.likeliest == log_probs.argmax(axis=1)).all()
    assert len(data) < 6 * (2 * WIDTH + 8), "llama-perplexity's files take so much"


def test_rows_that_say_one_thing_alone_or_nothing_at_all_are_kept() -> None:
    certain = np.full((2, 8), -np.inf, np.float32)
    certain[:, 3] = 5.0
    even = np.zeros((2, 8), np.float32)
    targets = np.array([3, 3], np.int32)
    for raw, expected in ((certain, 0.0), (even, -np.log(8))):
        found = restored(stored(Expected.of(log_softmax(raw), targets)))
        assert found.log_probs()[:, 3] == pytest.approx(expected, abs=ERROR)


def test_parts_make_the_same_as_the_whole() -> None:
    log_probs, targets = log_softmax(logits(5, 2.0)), np.arange(5, dtype=np.int32)
    parts = [Expected.of(log_probs[rows], targets[rows]) for rows in (slice(0, 2), slice(2, 5))]
    assert stored(joined(parts)) == stored(Expected.of(log_probs, targets))
