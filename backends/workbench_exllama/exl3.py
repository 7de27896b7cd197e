"""exllamav3: an EXL3 folder loaded, its generator, and its samplers in the order of llama.cpp's.

Importing this imports the engine, which builds kernels where no wheel brought them.
"""

from __future__ import annotations

from typing import Any

import torch
from exllamav3 import (
    SS_DRY,
    SS_XTC,
    Cache,
    CacheLayer_fp16,
    CacheLayer_quant,
    Config,
    CustomSampler,
    Filter,
    Generator,
    Job,
    Model,
    SS_Argmax,
    SS_LogitBias,
    SS_MinP,
    SS_PresFreqP,
    SS_RepP,
    SS_Sample,
    SS_Temperature,
    SS_TopK,
    SS_TopP,
    Tokenizer,
)

from workbench.backend import LoadProgress, TokenRequest
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest, LoadCancelled, Unsupported
from workbench.sampling import SamplingSettings
from workbench_exllama.generation import Generation, Wanted
from workbench_exllama.held_answer import HeldAnswer
from workbench_exllama.memory import cache_bits, cache_tokens
from workbench_exllama.model_config import ExllamaModel
from workbench_exllama.settings import device_numbers, pass_tokens
from workbench_exllama.vocabulary import Vocabulary

_RESERVED_GIB = 0.5
"""Left free on each GPU, as exllamav3 does unless it is told."""


class Exl3Generation(Generation):
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
        self._context_length = context_length
        self.parallel = settings.parallel
        config = Config.from_directory(str(model.folder))
        self._model = Model.from_config(config)
        bits = cache_bits(model, settings)
        kind = CacheLayer_fp16 if bits == (16, 16) else CacheLayer_quant
        sizes = {} if bits == (16, 16) else {"k_bits": bits[0], "v_bits": bits[1]}
        tokens = cache_tokens(context_length, settings.parallel)
        cache = Cache(
            self._model, max_num_tokens=tokens, layer_type=kind, max_batch_size=self.parallel, **sizes
        )
        try:
            self.placement = self._load(settings, progress)
            self._tokenizer = Tokenizer.from_config(config)
            self._generator = Generator(
                self._model,
                cache,
                self._tokenizer,
                max_batch_size=self.parallel,
                max_chunk_size=pass_tokens(settings),
            )
        except BaseException:
            self.close()
            raise

    def check(self, request: TokenRequest) -> None:
        sampling = request.sampling
        if sampling.mirostat or sampling.typical_p < 1:
            name = "mirostat" if sampling.mirostat else "typical_p"
            raise Unsupported(f"exllamav3 has no {name}.", "Leave that setting out.")

    def _job(self, wanted: Wanted) -> Job:
        request, held = wanted.request, wanted.held
        seed = request.sampling.seed
        return Job(
            input_ids=torch.tensor([request.prompt], dtype=torch.long),
            max_new_tokens=wanted.most,
            sampler=CustomSampler(_steps(request.sampling, self._vocabulary, self._context_length)),
            seed=None if seed is None else seed % 2**64,
            stop_conditions=sorted(wanted.stops),
            return_logits=request.logprobs is not None,
            filters=[] if held is None else [_ConstraintFilter(self._tokenizer, held)],
        )

    def _load(self, settings: EngineSettings, progress: LoadProgress) -> str:
        """Onto the chosen GPUs, or as many as it takes."""
        count, chosen = torch.cuda.device_count(), device_numbers(settings)
        if not set(chosen) <= set(range(count)):
            raise InvalidRequest(
                f"There is no device {', '.join(settings.devices)}.", f"There are {count}, from CUDA0 on."
            )
        reserved = [_RESERVED_GIB if not chosen or number in chosen else -1.0 for number in range(count)]
        for done, modules in self._model.load_gen(reserve_per_device=reserved):
            if not progress(done / modules):
                raise LoadCancelled("Loading was cancelled.")
        return ", ".join(f"CUDA{number}" for number in chosen or range(count))


class _ConstraintFilter(Filter):  # type: ignore[misc]
    """Lets the generator draw what the constraint allows, and ends the answer when it is complete."""

    def __init__(self, tokenizer: Tokenizer, held: HeldAnswer) -> None:
        super().__init__(tokenizer, trigger_token=None, prefix_str=None, eos_after_completed=True)
        self._held = held

    def reset(self) -> None:
        """It is begun once, when it is new."""

    def accept_token(self, token: int) -> None:
        self._held.take(token)

    def is_completed(self) -> bool:
        return self._held.over

    def get_next_logit_mask(self) -> torch.Tensor:
        return torch.from_numpy(self._held.bits())


def _steps(sampling: SamplingSettings, vocabulary: Vocabulary, context_length: int) -> list[Any]:
    looking_back = sampling.repeat_last_n if sampling.repeat_last_n >= 0 else context_length
    steps = [SS_LogitBias(sampling.logit_bias)] if sampling.logit_bias else []
    if looking_back:
        steps += _penalties(sampling, vocabulary, looking_back)
    if sampling.greedy:
        return [*steps, SS_Argmax()]
    return [
        *steps,
        SS_TopK(sampling.top_k),
        SS_TopP(sampling.top_p),
        SS_MinP(sampling.min_p),
        SS_XTC(sampling.xtc_probability, sampling.xtc_threshold, frozenset()),
        SS_Temperature(sampling.temperature),
        SS_Sample(),
    ]


def _penalties(sampling: SamplingSettings, vocabulary: Vocabulary, looking_back: int) -> list[Any]:
    steps = [
        SS_RepP(sampling.repeat_penalty, looking_back),
        SS_PresFreqP(sampling.presence_penalty, sampling.frequency_penalty, looking_back),
    ]
    if sampling.dry_multiplier:
        breakers = vocabulary.holding(sampling.dry_sequence_breakers)
        steps.append(
            SS_DRY(
                sampling.dry_multiplier,
                sampling.dry_base,
                sampling.dry_allowed_length,
                looking_back,
                breakers,
            )
        )
    return steps
