"""exllamav2: an EXL2 folder loaded, its generator, and its sampler with every setting named.

Importing this imports the engine, which builds kernels where no wheel brought them. Nothing is left to what
it does by itself: its usual settings are not neutral, it keeps the first of several end tokens, and its
sampler changes the logits.
"""

from __future__ import annotations

from typing import Any

import torch
from exllamav2 import (
    ExLlamaV2,
    ExLlamaV2Cache,
    ExLlamaV2Cache_Q4,
    ExLlamaV2Cache_Q6,
    ExLlamaV2Cache_Q8,
    ExLlamaV2Config,
    ExLlamaV2Tokenizer,
)
from exllamav2.attn import has_flash_attn_with_paged
from exllamav2.generator import ExLlamaV2DynamicGenerator, ExLlamaV2DynamicJob, ExLlamaV2Sampler
from exllamav2.generator.filters import ExLlamaV2Filter

from workbench.backend import LoadProgress, TokenRequest
from workbench.engine_settings import EngineSettings
from workbench.errors import LoadCancelled, Unsupported
from workbench.sampling import SamplingSettings
from workbench_exllama.flat_config import readable_folder
from workbench_exllama.generation import Generation, Job, Wanted
from workbench_exllama.held_answer import HeldAnswer
from workbench_exllama.memory import MOST_INPUT, cache_bits, cache_tokens
from workbench_exllama.model_config import ExllamaModel
from workbench_exllama.settings import pass_tokens
from workbench_exllama.vocabulary import Vocabulary

_CACHES = {
    (16, 16): ExLlamaV2Cache,
    (8, 8): ExLlamaV2Cache_Q8,
    (8, 4): ExLlamaV2Cache_Q6,
    (4, 4): ExLlamaV2Cache_Q4,
}
_LEAST, _NEARLY_ONE = 1e-6, 1 - 1e-6
"""In place of 0 and 1 where these switch a setting off."""


class Exl2Generation(Generation):
    """Owns the model, its cache and the generator."""

    def __init__(
        self,
        model: ExllamaModel,
        vocabulary: Vocabulary,
        settings: EngineSettings,
        context_length: int,
        progress: LoadProgress,
    ) -> None:
        self._vocabulary = vocabulary
        self._padded = -(-model.vocabulary_size // 32) * 32
        self.parallel = settings.parallel if has_flash_attn_with_paged else 1
        if self.parallel < settings.parallel:
            self.notices = ("Without flash-attn 2.5.7 or newer exllamav2 works on one request at a time.",)
        with readable_folder(model.folder) as folder:
            config = _config(str(folder), context_length)
            self._model = ExLlamaV2(config)
            try:
                tokens = cache_tokens(context_length, self.parallel)
                cache = _CACHES[cache_bits(model, settings)](self._model, max_seq_len=tokens, lazy=True)
                self._model.load_autosplit(cache, callback=_stoppable(progress))
                self._tokenizer = ExLlamaV2Tokenizer(config)
                self._generator = ExLlamaV2DynamicGenerator(
                    self._model,
                    cache,
                    self._tokenizer,
                    max_batch_size=self.parallel,
                    max_chunk_size=min(pass_tokens(settings), config.max_input_len),
                    paged=has_flash_attn_with_paged,
                )
            except BaseException:
                self.close()
                raise
        self.placement = ", ".join(f"CUDA{number}" for number in range(torch.cuda.device_count()))

    def check(self, request: TokenRequest) -> None:
        if request.sampling.mirostat:
            raise Unsupported("With exllamav2 there is no mirostat here.", "Leave that setting out.")

    def _job(self, wanted: Wanted) -> Job:
        request, held = wanted.request, wanted.held
        seed = request.sampling.seed
        return _Job(
            input_ids=torch.tensor([request.prompt], dtype=torch.long),
            max_new_tokens=wanted.most,
            gen_settings=self._settings(request.sampling),
            seed=None if seed is None else seed % 2**64,
            stop_conditions=sorted(wanted.stops),
            return_logits=request.logprobs is not None,
            filters=[] if held is None else [_ConstraintFilter(self._model, self._tokenizer, held)],
        )

    def cached(self, job: Job) -> int:
        """Without pages the cache is a single one."""
        return int(job.cached_pages * self._generator.page_size + job.cached_tokens)

    def _settings(self, sampling: SamplingSettings) -> ExLlamaV2Sampler.Settings:
        """Temperature comes last, as everywhere here."""
        penalties = _penalties(sampling, self._vocabulary) if sampling.repeat_last_n else _NO_PENALTIES
        bias = self._bias(sampling.logit_bias)
        if sampling.greedy:
            return ExLlamaV2Sampler.Settings(**penalties, **_GREEDY, token_bias=bias)
        return ExLlamaV2Sampler.Settings(
            **penalties,
            token_bias=bias,
            temperature=max(sampling.temperature, _LEAST),
            temperature_last=True,
            top_k=sampling.top_k,
            top_p=max(sampling.top_p, _LEAST),
            min_p=min(sampling.min_p, _NEARLY_ONE),
            typical=max(sampling.typical_p, _LEAST),
            xtc_probability=sampling.xtc_probability,
            xtc_threshold=sampling.xtc_threshold,
            xtc_ignore_tokens=frozenset(),
        )

    def _bias(self, biases: dict[int, float]) -> torch.Tensor | None:
        if not biases:
            return None
        bias = torch.zeros((self._padded,), dtype=torch.float)
        for token, value in biases.items():
            bias[token] = value
        return bias


_GREEDY = {"temperature": 1.0, "top_k": 1, "top_p": 0.0, "min_p": 0.0, "typical": 0.0}
_NO_PENALTIES = {"token_repetition_penalty": 1.0}


def _penalties(sampling: SamplingSettings, vocabulary: Vocabulary) -> dict[str, Any]:
    looking_back = max(sampling.repeat_last_n, 0)
    settings: dict[str, Any] = {
        "token_repetition_penalty": sampling.repeat_penalty,
        "token_repetition_range": looking_back or -1,
        "token_frequency_penalty": sampling.frequency_penalty,
        "token_presence_penalty": sampling.presence_penalty,
    }
    if sampling.dry_multiplier:
        settings |= {
            "dry_multiplier": sampling.dry_multiplier,
            "dry_base": sampling.dry_base,
            "dry_allowed_length": sampling.dry_allowed_length,
            "dry_range": looking_back,
            "dry_sequence_breakers": set(vocabulary.holding(sampling.dry_sequence_breakers)),
        }
    return settings


def _config(folder: str, context_length: int) -> ExLlamaV2Config:
    config = ExLlamaV2Config(folder)
    config.arch_compat_overrides()
    config.max_seq_len = cache_tokens(context_length, 1)
    config.max_input_len = MOST_INPUT
    if not has_flash_attn_with_paged:
        config.no_flash_attn = True
    return config


def _stoppable(progress: LoadProgress) -> Any:
    def told(done: int, modules: int) -> None:
        if not progress(done / modules):
            raise LoadCancelled("Loading was cancelled.")

    return told


class _Job(ExLlamaV2DynamicJob):  # type: ignore[misc]
    """Returns the logits that the model gave, before penalties and bias are added to them in place."""

    def receive_logits(self, logits: torch.Tensor) -> Any:
        self._given = logits.clone() if self.return_logits else logits
        return super().receive_logits(logits)

    def receive_sample(self, logits: torch.Tensor, *sample: Any) -> Any:
        return super().receive_sample(self._given, *sample)


class _ConstraintFilter(ExLlamaV2Filter):  # type: ignore[misc]
    """Takes from the logits what the constraint does not allow."""

    def __init__(self, model: Any, tokenizer: Any, held: HeldAnswer) -> None:
        super().__init__(model, tokenizer)
        self._held = held
        self._forbidden: torch.Tensor | None = None

    def begin(self, prefix_str: str) -> None:
        """It is begun once, when it is new."""

    def feed(self, token: torch.Tensor) -> None:
        self._held.take(int(token.item()))

    def use_background_worker(self) -> bool:
        return True

    def can_mask_logits(self) -> bool:
        return True

    def prepare_logit_mask(self) -> bool:
        self._forbidden = torch.from_numpy(~self._held.allowed())
        return True

    def mask_logits(self, logits: torch.Tensor) -> torch.Tensor:
        assert self._forbidden is not None
        masked = logits.clone()
        size = self._forbidden.shape[0]
        masked[:size][self._forbidden] = -float("inf")
        masked[size:] = -float("inf")
        return masked
