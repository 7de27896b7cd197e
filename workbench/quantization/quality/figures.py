"""What scores of many tokens come to: the figures that people compare quantizations by."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.quantization.quality.divergence import TokenScores


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and its standard error."""

    value: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a model does to a text, beside what its base does.

    Attributes:
        tokens: How many tokens were judged.
        kl_mean: The mean Kullback-Leibler divergence from the base, in nats; kl_p99 is its 99th percentile.
        top1_agreement: The share of tokens where both hold the same one for the likeliest.
        delta_p_rms: The root mean square of how the probability of the right token changed.
    """

    tokens: int
    perplexity: Estimate
    kl_mean: Estimate
    kl_median: float
    kl_p99: float
    kl_max: float
    top1_agreement: Estimate
    delta_p_rms: float


def figures(scores: TokenScores) -> Figures:
    losses = _estimate(scores.losses)
    perplexity = math.exp(losses.value)
    median, p99, largest = np.percentile(scores.divergences, (50, 99, 100))
    delta_p = np.exp(-scores.losses.astype(np.float64)) - np.exp(-scores.base_losses.astype(np.float64))
    return Figures(
        tokens=len(scores.losses),
        perplexity=Estimate(perplexity, perplexity * losses.error),
        kl_mean=_estimate(scores.divergences),
        kl_median=float(median),
        kl_p99=float(p99),
        kl_max=float(largest),
        top1_agreement=_estimate(scores.same_top),
        delta_p_rms=float(np.sqrt(np.mean(delta_p**2))),
    )


def _estimate(values: NDArray[np.float32]) -> Estimate:
    exact = values.astype(np.float64)
    error = exact.std() / math.sqrt(max(len(exact) - 1, 1))
    return Estimate(float(exact.mean()), float(error))
