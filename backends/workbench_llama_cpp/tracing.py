"""What each sampler of a request's chain does to the probabilities of the next token.

The samplers are those that draw, one after the other on the logits that the context holds. Knows nothing of
batches.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workbench.sampler_trace import SamplerTrace, TracedToken, TraceRequest, TraceStep
from workbench.sampling import SamplingSettings
from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.sampler import Candidates, Sampler, chain
from workbench_llama_cpp.vocabulary import Vocabulary

Row = NDArray[np.float32]
Probabilities = NDArray[np.float64]
"""Shape (vocabulary_size,)."""
Steps = list[tuple[str, Probabilities]]

_NEVER = 1.0
"""A threshold that no two tokens reach, so that XTC does nothing."""


def trace(request: TraceRequest, row: Row, vocabulary: Vocabulary, context_length: int) -> SamplerTrace:
    """`row` are the logits after the prompt, shape (vocabulary_size,)."""
    chained = _Chained(request, row, vocabulary, context_length)
    steps = chained.steps()
    told = _told(steps[0][1], steps[-1][1], request.top)
    tokens, drawn = [int(token) for token in told], chained.drawn()
    named = zip(tokens, vocabulary.pieces(tokens), strict=True)
    return SamplerTrace(
        tuple(TracedToken(token, piece, drawn[token]) for token, piece in named),
        tuple(
            TraceStep(name, int(np.count_nonzero(shares)), tuple(float(share) for share in shares[told]))
            for name, shares in steps
        ),
        request.draws,
        len(request.prompt),
    )


class _Chained:
    """The chain of one request on one row of logits."""

    def __init__(self, request: TraceRequest, row: Row, vocabulary: Vocabulary, context_length: int) -> None:
        self._request = request
        self._row = row.copy()
        self._every = np.arange(vocabulary.size, dtype=np.intp)
        self._vocabulary = vocabulary
        self._context_length = context_length

    def steps(self) -> Steps:
        """XTC acts by chance, so what follows it is the mean of what follows when it acts and when not."""
        settings = self._request.sampling
        chance = settings.xtc_probability
        if not 0 < chance < 1 or settings.mirostat or settings.greedy:
            return self._applied(settings)
        acting = self._applied(replace(settings, xtc_probability=1.0))
        idle = self._applied(replace(settings, xtc_probability=1.0, xtc_threshold=_NEVER))
        return [
            (name, chance * one + (1 - chance) * other)
            for (name, one), (_, other) in zip(acting, idle, strict=True)
        ]

    def drawn(self) -> Counter[int]:
        """How often each token is drawn, each time as the first one."""
        found = Counter[int]()
        sampler = self._sampler(0)
        for number in range(self._request.draws):
            if number and self._request.sampling.mirostat:  # which remembers by itself
                sampler.close()
                sampler = self._sampler(number)
            found[sampler.draw_among(self._row, self._every, remember=False)] += 1
        sampler.close()
        return found

    def _sampler(self, number: int) -> Sampler:
        settings = self._request.sampling
        if settings.seed is not None:
            settings = replace(settings, seed=settings.seed + number)
        return Sampler(settings, self._vocabulary, self._request.prompt, self._context_length)

    def _applied(self, settings: SamplingSettings) -> Steps:
        candidates = Candidates(self._row, self._every)
        steps = [("model", self._probabilities(candidates))]
        for part in chain(settings, self._vocabulary, self._request.prompt, self._context_length):
            if part.name != "draw":
                candidates.apply(part.handle)
                steps.append((part.name, self._probabilities(candidates)))
            if part.name == "greedy":
                steps[-1][1][:] = self._every == candidates.selected
            llama().llama_sampler_free(part.handle)
        return steps

    def _probabilities(self, candidates: Candidates) -> Probabilities:
        tokens, values = candidates.left()
        powers = np.exp(values.astype(np.float64) - float(values.max()))
        shares = np.zeros(len(self._every))
        shares[tokens] = powers / powers.sum()
        return shares


def _told(first: Probabilities, last: Probabilities, top: int) -> NDArray[np.intp]:
    """The likeliest by the model and in the end, ordered by the end and then by the model."""
    possible = _best(last, top)
    told = np.union1d(_best(first, top), possible[last[possible] > 0])
    return told[np.lexsort((-first[told], -last[told]))]


def _best(shares: Probabilities, count: int) -> NDArray[np.intp]:
    return np.argsort(-shares, kind="stable")[:count]
