"""One request's sampler chain, made of llama.cpp's own samplers in llama.cpp's own order.

Knows nothing of batches; it draws from a row of logits that the context holds.
"""

from __future__ import annotations

import ctypes
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.sampling import SamplingSettings
from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.logits import logits
from workbench_llama_cpp.vocabulary import Vocabulary

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("probability", np.float32)])
NARROW_LEAD = 0.1
"""In nats. Rows computed together are rounded otherwise than one alone, by less than this."""


@dataclass(frozen=True, slots=True)
class Part:
    """One llama_sampler and what people call it; whoever has it frees it, or puts it into a chain."""

    name: str
    handle: Any


class Candidates:
    """The tokens that may be drawn, as llama.cpp's samplers take them, with logits of their own."""

    def __init__(self, row: NDArray[np.float32], allowed: NDArray[np.intp]) -> None:
        self._llama = llama()
        self._kept = np.zeros(len(allowed), _CANDIDATE)
        self._kept["id"], self._kept["logit"] = allowed, row.take(allowed)
        data = ctypes.cast(self._kept.ctypes.data, self._llama.llama_token_data_p)
        self._array = self._llama.llama_token_data_array(data, len(allowed), -1, False)

    def apply(self, sampler: Any) -> None:
        self._llama.llama_sampler_apply(sampler, ctypes.byref(self._array))

    @property
    def selected(self) -> int:
        """The token that the last sampler has chosen."""
        return int(self._array.data[self._array.selected].id)

    def left(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The tokens that are left and their logits."""
        rows = np.frombuffer(
            ctypes.string_at(self._array.data, int(self._array.size) * _CANDIDATE.itemsize), _CANDIDATE
        )
        return rows["id"], rows["logit"]


class Sampler:
    """Owns a llama_sampler chain. The prompt counts for the penalties, as it does in llama.cpp."""

    def __init__(
        self, settings: SamplingSettings, vocabulary: Vocabulary, prompt: Sequence[int], context_length: int
    ) -> None:
        self._llama = llama()
        self._size = vocabulary.size
        self._takes_best = settings.greedy and not (settings.logit_bias or _looks_back(settings))
        parts = chain(settings, vocabulary, prompt, context_length)
        self._chain = self._llama.llama_sampler_chain_init(self._llama.llama_sampler_chain_default_params())
        for part in parts:
            self._llama.llama_sampler_chain_add(self._chain, part.handle)

    def draw(self, context: Any, row: int) -> int:
        """Draw from the logits of batch position `row`, and remember the token."""
        if self._takes_best:  # spares the chain's copy of the whole vocabulary
            return int(logits(context, row, self._size).argmax())
        return int(self._llama.llama_sampler_sample(self._chain, context, row))

    def draw_among(
        self, row: NDArray[np.float32], allowed: NDArray[np.intp], *, remember: bool = True
    ) -> int:
        """Draw one of the allowed ids, in rising order, from a row of logits, and remember it."""
        if self._takes_best:
            best = int(row.argmax())  # mostly allowed, and faster than to look at all that are
            at = int(allowed.searchsorted(best))
            fits = at < len(allowed) and int(allowed[at]) == best
            return best if fits else int(allowed[row.take(allowed).argmax()])
        candidates = Candidates(row, allowed)
        candidates.apply(self._chain)
        token = candidates.selected
        if remember:
            self._llama.llama_sampler_accept(self._chain, token)
        return token

    def undecided(self, context: Any, row: int) -> bool:
        """Whether the most likely token leads so little that rounding could make another one of it."""
        if not self._takes_best:
            return False
        values = logits(context, row, self._size)
        best = int(values.argmax())
        rivals = max(values[:best].max(initial=-np.inf), values[best + 1 :].max(initial=-np.inf))
        return bool(values[best] - rivals < NARROW_LEAD)

    def close(self) -> None:
        if self._chain is not None:
            self._llama.llama_sampler_free(self._chain)
            self._chain = None


def _looks_back(settings: SamplingSettings) -> bool:
    return bool(settings.repeat_last_n) and (_penalizes(settings) or settings.dry_multiplier > 0)


def _penalizes(settings: SamplingSettings) -> bool:
    return settings.repeat_penalty != 1 or settings.frequency_penalty != 0 or settings.presence_penalty != 0


def chain(
    settings: SamplingSettings, vocabulary: Vocabulary, prompt: Sequence[int], context_length: int
) -> list[Part]:
    """The samplers in their order, the last of which chooses; those that look back have seen the prompt.

    Raises InvalidRequest for a bias of a token that there is not.
    """
    vocabulary.check(list(settings.logit_bias))
    if settings.repeat_last_n < 0:
        settings = replace(settings, repeat_last_n=context_length)
    parts = _parts(settings, vocabulary)
    if _looks_back(settings):
        for token in prompt[-settings.repeat_last_n :]:
            for part in parts:
                llama().llama_sampler_accept(part.handle, token)
    return parts


def _parts(settings: SamplingSettings, vocabulary: Vocabulary) -> list[Part]:
    functions = llama()
    seed = random.getrandbits(31) if settings.seed is None else settings.seed % 0xFFFFFFFF
    parts = [*_bias(settings, vocabulary), *_penalties(settings, vocabulary)]
    if settings.greedy:
        return [*parts, Part("greedy", functions.llama_sampler_init_greedy())]
    temperature = Part("temperature", functions.llama_sampler_init_temp(settings.temperature))
    if settings.mirostat:
        return [*parts, temperature, Part("mirostat", _mirostat(settings, vocabulary, seed))]
    if settings.top_k:
        parts.append(Part("top-k", functions.llama_sampler_init_top_k(settings.top_k)))
    if settings.typical_p < 1:
        parts.append(Part("typical-p", functions.llama_sampler_init_typical(settings.typical_p, 1)))
    if settings.top_p < 1:
        parts.append(Part("top-p", functions.llama_sampler_init_top_p(settings.top_p, 1)))
    if settings.min_p > 0:
        parts.append(Part("min-p", functions.llama_sampler_init_min_p(settings.min_p, 1)))
    if settings.xtc_probability > 0:
        probability, threshold = settings.xtc_probability, settings.xtc_threshold
        parts.append(Part("xtc", functions.llama_sampler_init_xtc(probability, threshold, 1, seed)))
    return [*parts, temperature, Part("draw", functions.llama_sampler_init_dist(seed))]


def _bias(settings: SamplingSettings, vocabulary: Vocabulary) -> list[Part]:
    functions = llama()
    if not settings.logit_bias:
        return []
    pairs = [(token, bias) for token, bias in settings.logit_bias.items()]
    table = (functions.llama_logit_bias * len(pairs))(*pairs)
    return [Part("bias", functions.llama_sampler_init_logit_bias(vocabulary.size, len(pairs), table))]


def _penalties(settings: SamplingSettings, vocabulary: Vocabulary) -> list[Part]:
    functions, parts = llama(), list[Part]()
    if _penalizes(settings):
        penalties = functions.llama_sampler_init_penalties(
            vocabulary.size,
            settings.repeat_last_n,
            settings.repeat_penalty,
            settings.frequency_penalty,
            settings.presence_penalty,
        )
        parts.append(Part("penalties", penalties))
    if settings.dry_multiplier > 0:
        breakers = [text.encode() for text in settings.dry_sequence_breakers]
        dry = functions.llama_sampler_init_dry(
            vocabulary.handle,
            settings.dry_multiplier,
            settings.dry_base,
            settings.dry_allowed_length,
            settings.repeat_last_n,
            (ctypes.c_char_p * len(breakers))(*breakers),
            len(breakers),
        )
        parts.append(Part("dry", dry))
    return parts


def _mirostat(settings: SamplingSettings, vocabulary: Vocabulary, seed: int) -> Any:
    functions, tau, eta = llama(), settings.mirostat_tau, settings.mirostat_eta
    if settings.mirostat == 1:
        return functions.llama_sampler_init_mirostat(vocabulary.size, seed, tau, eta, 100)
    return functions.llama_sampler_init_mirostat_v2(seed, tau, eta)
