"""Stands in for exllamav3 1.6.5: its names, arguments, checks and results, over a model that recites.

Made after reading its sources; it computes nothing on a GPU.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import drawing
import numpy as np
import reciting
import torch

ARCHITECTURES = {"LlamaForCausalLM", "Qwen3ForCausalLM"}


class Config:
    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.told = json.loads((Path(directory) / "config.json").read_bytes())
        (arch,) = self.told["architectures"]
        assert arch in ARCHITECTURES, f"Unknown architecture {arch} in {directory}/config.json"
        rotation = self.told.get("rope_parameters") or self.told
        self.rope_theta = rotation.get("rope_theta", 10000.0)

    from_directory = classmethod(lambda kind, directory: kind(directory))


class Model:
    """Loads in 4 modules."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.caches: list[Cache] = []

    from_config = classmethod(lambda kind, config: kind(config))

    def load_gen(self, reserve_per_device: list[float] | None = None) -> Iterator[tuple[int, int]]:
        assert reserve_per_device is None or any(one >= 0 for one in reserve_per_device)
        for cache in self.caches:
            if cache.max_num_tokens > 1 << 22:
                raise RuntimeError("Insufficient VRAM in split for model and cache")
        self.recital = reciting.Recital(self.config.directory, self.config.rope_theta)
        for done in range(5):
            yield done, 4
        for cache in self.caches:
            cache.initialized = True

    def unload(self) -> None:
        self.recital = None


class CacheLayer_fp16:
    pass


class CacheLayer_quant:
    pass


class Cache:
    def __init__(
        self, model: Model, max_num_tokens: int, layer_type: type, max_batch_size: int = 16, **kwargs: int
    ) -> None:
        assert max_num_tokens % reciting.PAGE == 0
        assert layer_type is CacheLayer_fp16 or all(2 <= kwargs[bits] <= 8 for bits in ("k_bits", "v_bits"))
        self.max_num_tokens, self.initialized = max_num_tokens, False
        model.caches.append(self)


class Tokenizer(reciting.Pieces):
    from_config = classmethod(lambda kind, config: kind(config.directory))


class Filter:
    def __init__(
        self,
        tokenizer: Tokenizer,
        trigger_token: int | None,
        prefix_str: str | None,
        eos_after_completed: bool,
    ) -> None:
        self.eos_after_completed = eos_after_completed
        self.is_active = trigger_token is None

    def feed(self, token: int) -> bool:
        if not self.is_active:
            return False
        self.accept_token(token)
        if self.is_completed():
            self.is_active = False
            return self.eos_after_completed
        return False


class Job(reciting.Job):
    dtype = torch.half

    def __init__(
        self, input_ids: Any, max_new_tokens: int | None = None, sampler: CustomSampler | None = None,
        seed: int | None = None, stop_conditions: Any = None, return_logits: bool = False,
        filters: list[Filter] | None = None,
    ) -> None:  # fmt: skip
        assert sampler is not None and max_new_tokens is not None
        self._begin(input_ids, max_new_tokens, seed, stop_conditions, return_logits, filters)
        self.sampler = sampler

    @property
    def pages(self) -> int:
        """One token more than it may draw."""
        return -(-(len(self.prompt) + self.max_new_tokens + 1) // reciting.PAGE)

    def receive_logits(self, logits: Any) -> int:
        masks = [one.get_next_logit_mask() for one in self.filters if one.is_active]
        past = self.prompt + self.tokens
        return self.sampler.forward(
            logits, past, self.rng.randint(0, (1 << 32) - 1), masks, self.generator.tokenizer.size
        )

    def feed(self, token: int) -> bool:
        over = [one.feed(token) for one in self.filters]
        return any(over)


class Generator(reciting.Generator):
    def __init__(
        self, model: Model, cache: Cache, tokenizer: Tokenizer, max_batch_size: int, max_chunk_size: int
    ) -> None:
        self.cache = cache
        super().__init__(model.recital, cache.max_num_tokens, tokenizer, max_batch_size, max_chunk_size)

    def iterate(self) -> list[dict[str, Any]]:
        assert self.cache.initialized, "Cache tensors were never allocated."
        return super().iterate()


class CustomSampler:
    """Steps on a copy of the logits, the last of which draws."""

    def __init__(self, steps: list[Any]) -> None:
        self.steps = steps

    def forward(self, logits: Any, past: list[int], rand_u32: int, masks: list[Any], size: int) -> int:
        logits[..., size:] = -np.inf
        row = np.asarray(logits, np.float64).reshape(-1).copy()
        for mask in masks:
            assert mask.dtype == torch.int32 and mask.shape == (1, len(row) // 32)
            bits = np.unpackbits(np.asarray(mask).view(np.uint8), bitorder="little")
            row = drawing.keep(row, bits[: len(row)].astype(np.bool_))
        for step in self.steps[:-1]:
            row = step.run(row, past)
        return self.steps[-1].pick(row, rand_u32)


@dataclass
class SS_LogitBias:
    logit_bias: dict[int, float]

    def run(self, row: Any, past: list[int]) -> Any:
        for token, bias in self.logit_bias.items():
            row[token] += bias
        return row


@dataclass
class SS_RepP:
    rep_p: float
    sustain_range: int

    def run(self, row: Any, past: list[int]) -> Any:
        drawing.repeated(row, past[-self.sustain_range :], self.rep_p)
        return row


@dataclass
class SS_PresFreqP:
    pres_p: float
    freq_p: float
    sustain_range: int

    def run(self, row: Any, past: list[int]) -> Any:
        drawing.present(row, past[-self.sustain_range :], self.pres_p, self.freq_p)
        return row


@dataclass
class SS_DRY:
    dry_multiplier: float
    dry_base: float
    dry_allowed_length: int
    dry_range: int
    dry_sequence_breakers: frozenset[int]

    def run(self, row: Any, past: list[int]) -> Any:
        breakers = set(self.dry_sequence_breakers)
        drawing.dry(
            row,
            past[-self.dry_range :],
            self.dry_multiplier,
            self.dry_base,
            self.dry_allowed_length,
            breakers,
        )
        return row


@dataclass
class SS_TopK:
    top_k: int

    def run(self, row: Any, past: list[int]) -> Any:
        return drawing.top_k(row, self.top_k)


@dataclass
class SS_TopP:
    top_p: float

    def run(self, row: Any, past: list[int]) -> Any:
        return drawing.top_p(row, self.top_p) if self.top_p < 1 else row


@dataclass
class SS_MinP:
    min_p: float

    def run(self, row: Any, past: list[int]) -> Any:
        return drawing.min_p(row, self.min_p)


@dataclass
class SS_XTC:
    """Certain exclusions only: the real one averages over its probability."""

    probability: float
    threshold: float
    protected_token_ids: frozenset[int]

    def run(self, row: Any, past: list[int]) -> Any:
        return drawing.xtc(row, self.threshold) if self.probability else row


@dataclass
class SS_Temperature:
    temperature: float

    def run(self, row: Any, past: list[int]) -> Any:
        assert self.temperature > 0
        return row / self.temperature


class SS_Argmax:
    def pick(self, row: Any, rand_u32: int) -> int:
        return int(row.argmax())


class SS_Sample:
    def pick(self, row: Any, rand_u32: int) -> int:
        return drawing.draw(row, rand_u32)
