"""The dynamic generator, its jobs and its sampler, which changes the logits that it is given."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import drawing
import numpy as np
import reciting
import torch


class ExLlamaV2Sampler:
    @dataclass
    class Settings:
        """With the real one's values where none are given."""

        token_repetition_penalty: float = 1.025
        token_repetition_range: int = -1
        token_frequency_penalty: float = 0.0
        token_presence_penalty: float = 0.0
        temperature: float = 0.8
        temperature_last: bool = False
        top_k: int = 50
        top_p: float = 0.8
        min_p: float = 0
        typical: float = 0
        token_bias: Any = None
        dry_allowed_length: int = 2
        dry_base: float = 1.75
        dry_multiplier: float = 0.0
        dry_sequence_breakers: set[int] | None = None
        dry_range: int = 0
        xtc_probability: float = 0.0
        xtc_threshold: float = 0.1
        xtc_ignore_tokens: frozenset[int] | None = None

    @staticmethod
    def sample(
        logits: Any, settings: Settings, past: list[int], random: float, filters: list[Any], size: int
    ) -> int:
        flat = logits[0][0]
        looked_at = past if settings.token_repetition_range < 0 else past[-settings.token_repetition_range :]
        drawing.repeated(flat, looked_at, settings.token_repetition_penalty)
        drawing.present(flat, looked_at, settings.token_presence_penalty, settings.token_frequency_penalty)
        if settings.token_bias is not None:
            assert settings.token_bias.shape == flat.shape
            flat += settings.token_bias
        if settings.dry_multiplier:
            drawing.dry(
                flat, past[-settings.dry_range :], settings.dry_multiplier, settings.dry_base,
                settings.dry_allowed_length, settings.dry_sequence_breakers or set(),
            )  # fmt: skip
        for one in filters:
            assert one.get_next(mask=True) is True
            flat = one.mask_logits(flat)
        flat[size:] = -np.inf
        return drawing.draw(_truncated(np.asarray(flat, np.float64), settings), random)


def _truncated(row: drawing.Row, settings: ExLlamaV2Sampler.Settings) -> drawing.Row:
    row = row if settings.temperature_last else row / settings.temperature
    row = drawing.top_k(row, settings.top_k)
    if 0 < settings.top_p < 1:
        row = drawing.top_p(row, settings.top_p)
    if 0 < settings.min_p < 1:
        row = drawing.min_p(row, settings.min_p)
    if 0 < settings.typical < 1:
        row = drawing.typical(row, settings.typical)
    row = row / settings.temperature if settings.temperature_last else row
    return drawing.xtc(row, settings.xtc_threshold) if settings.xtc_probability else row


class ExLlamaV2DynamicJob(reciting.Job):
    def __init__(
        self, input_ids: Any, max_new_tokens: int, gen_settings: Any = None, seed: int | None = None,
        stop_conditions: Any = None, return_logits: bool = False, filters: list[Any] | None = None,
    ) -> None:  # fmt: skip
        self._begin(input_ids, max_new_tokens, seed, stop_conditions, return_logits, filters)
        self.gen_settings = gen_settings or ExLlamaV2Sampler.Settings()

    def receive_logits(self, logits: Any) -> int:
        if self.new_tokens == 0:
            for one in self.filters:
                one.background_drop()
                one.begin("")
        past = self.prompt + self.tokens
        return ExLlamaV2Sampler.sample(
            logits, self.gen_settings, past, self.rng.random(), self.filters, self.generator.tokenizer.size
        )

    def feed(self, token: int) -> bool:
        for one in self.filters:
            one.feed(torch.tensor([[token]], torch.long))
        self.generator.filter_queue += self.filters
        return False


class ExLlamaV2DynamicGenerator(reciting.Generator):
    def __init__(
        self,
        model: Any,
        cache: Any,
        tokenizer: Any,
        max_batch_size: int,
        max_chunk_size: int,
        paged: bool = True,
    ) -> None:
        config = model.config
        assert cache.batch_size == 1 and max_chunk_size <= config.max_input_len and paged
        assert 8 * max_batch_size <= config.max_batch_size * config.max_input_len
        super().__init__(model.recital, cache.max_seq_len, tokenizer, max_batch_size, max_chunk_size)
        self.page_size = reciting.PAGE
        self.filter_pool, self.filter_queue = ThreadPoolExecutor(16), list[Any]()

    def iterate(self) -> list[dict[str, Any]]:
        """Masks are made beside the pass; here, before it."""
        for one in self.filter_queue:
            one.background_prepare_logit_mask(self.filter_pool)
        self.filter_queue.clear()
        return super().iterate()
