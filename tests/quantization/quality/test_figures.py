"""Windows, divergences and figures, set against the plainest way to compute them."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import InvalidRequest
from workbench.quantization.quality import divergence
from workbench.quantization.quality.divergence import TokenScores
from workbench.quantization.quality.figures import figures
from workbench.quantization.quality.log_probs import Expected, log_softmax
from workbench.quantization.quality.windows import windows


def test_the_second_half_of_each_whole_window_is_judged() -> None:
    found = windows(list(range(100, 135)), 10, first_token=1)
    assert len(found) == 3 and (found.first, found.judged) == (5, 4)
    assert found.computed(1).tolist() == [1, *range(111, 119)]
    assert found.targets(1).tolist() == [116, 117, 118, 119]
    assert windows(list(range(35)), 10, None).computed(2).tolist() == list(range(20, 29))
    assert len(windows(list(range(35)), 10, None, most=2)) == 2


@pytest.mark.parametrize(("tokens", "context"), [(9, 10), (0, 512), (100, 4)])
def test_what_fills_no_window_is_refused(tokens: int, context: int) -> None:
    with pytest.raises(InvalidRequest):
        windows(list(range(tokens)), context, None)


def test_figures_are_those_of_the_definitions() -> None:
    random = np.random.default_rng(3)
    one, other = (random.standard_normal((400, 60)).astype(np.float32) * 2 for _ in range(2))
    other = one + other / 10
    targets = random.integers(0, 60, 400).astype(np.int32)
    base = Expected.of(log_softmax(one), targets)
    parts = [
        divergence.compared(base[rows], log_softmax(other[rows]), targets[rows])
        for rows in (slice(0, 150), slice(150, 400))
    ]
    found = figures(TokenScores.restored(TokenScores.joined(parts).stored()))

    def probabilities(logits: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        raised = np.exp(logits.astype(np.float64))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    p, q = probabilities(one), probabilities(other)
    kl = (p * np.log(p / q)).sum(axis=1)
    losses = -np.log(q[np.arange(400), targets])
    delta = q[np.arange(400), targets] - p[np.arange(400), targets]
    assert found.tokens == 400
    assert found.perplexity.value == pytest.approx(np.exp(losses.mean()), rel=1e-5)
    assert found.kl_mean.value == pytest.approx(kl.mean(), rel=1e-3)
    assert found.kl_p99 == pytest.approx(np.percentile(kl, 99), rel=1e-2)
    assert found.kl_max == pytest.approx(kl.max(), rel=1e-2)
    assert found.top1_agreement.value == (p.argmax(axis=1) == q.argmax(axis=1)).mean()
    assert found.delta_p_rms == pytest.approx(np.sqrt((delta**2).mean()), rel=1e-3)
    assert found.kl_mean.error == pytest.approx(kl.std() / np.sqrt(399), rel=1e-2)
