"""Lets the real exllamav3 run without a GPU, as a plugin of pytest in a process of its own.

Its configuration, tokenizer, generator, jobs, pages and samplers are the package's. What is compiled is not:
the kernels that these call stand here in plain torch, and the model recites as that of the doubles. Its cache
holds the tokens themselves, so that an answer comes out right only if the pages do.
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterator
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import torch

PAGE = 256
_RECITING = str(Path(__file__).with_name("double") / "reciting.py")


class _Kernels(types.ModuleType):
    """Anything else that is asked for exists, and fails when it is used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return 0 if name.isupper() else type(name, (), {})

    def gumbel_noise_f32(self, logits: Any, out: Any, seed: int) -> None:
        uniform = torch.rand(logits.shape, generator=torch.Generator().manual_seed(seed))
        out.copy_(logits.float() - torch.log(-torch.log(uniform + 1e-20) + 1e-20))

    gumbel_noise_f16 = gumbel_noise_f32

    def gumbel_noise_log(self, chances: Any, out: Any, seed: int) -> None:
        self.gumbel_noise_f32(torch.log(chances.float()), out, seed)

    def apply_logit_bitmask(self, logits: Any, out: Any, mask: Any) -> None:
        bits = np.unpackbits(mask.numpy().view(np.uint8), bitorder="little")[: logits.shape[-1]]
        out.copy_(torch.where(torch.from_numpy(bits.astype(bool)), logits, -float("inf")))

    def apply_rep_pens(self, row: Any, out: Any, past: Any, factor: float, sustain: int, decay: int) -> None:
        out.copy_(row.float())
        for token in set(past[0].tolist()[-sustain:]):
            out[0, token] *= 1 / factor if out[0, token] > 0 else factor

    def apply_pres_freq_pens(
        self, row: Any, out: Any, past: Any, presence: float, frequency: float, sustain: int, decay: int
    ) -> None:
        out.copy_(row.float())
        seen = past[0].tolist()[-sustain:]
        for token in set(seen):
            out[0, token] -= presence + frequency * seen.count(token)

    def count_match_tensor(self, page: Any, tokens: Any, most: int) -> int:
        most = min(most, tokens.shape[-1])
        return int((page[0, :most] == tokens[0, :most]).long().cumprod(0).sum())

    def generator_stage_decode(
        self,
        arena: Any,
        width: int,
        blocks: Any,
        lengths: Any,
        _: Any,
        ids: Any,
        known: Any,
        pages: Any,
        at: Any,
    ) -> None:
        table = arena[: len(blocks) * width].view(len(blocks), width).zero_()
        for row, block in enumerate(blocks):
            table[row, : block.numel()] = block.view(-1)
            arena[len(blocks) * width + row] = lengths[row]
            if known:
                ids[row, 0] = pages[row][0, at[row]] = known[row].view(-1)[lengths[row]]


class _Model:
    loaded_tp = False
    output_device = torch.device("cpu")

    def __init__(self, config: Any) -> None:
        self.config, self.caps = config, dict[str, Any]()
        self.caches: list[_Cache] = []

    from_config = classmethod(lambda kind, config: kind(config))

    def load_gen(self, reserve_per_device: list[float]) -> Iterator[tuple[int, int]]:
        rotation = self.config.config_dict["rope_parameters"]
        self.recital = _recital()(self.config.directory, rotation["rope_theta"])
        for done in range(5):
            yield done, 4
        for cache in self.caches:
            cache.initialized = True

    def unload(self) -> None:
        self.recital = None

    def get_cache_layers(self) -> list[Any]:
        return []

    def prefetch_tokens(self, tokens: list[int]) -> None:
        """There is nothing to fetch."""

    def prefill(self, input_ids: Any, params: dict[str, Any]) -> None:
        self._read(input_ids, params)

    def forward(self, input_ids: Any, params: dict[str, Any]) -> Any:
        return torch.cat([self.recital.logits(row, torch.half) for row in self._read(input_ids, params)])

    def _read(self, input_ids: Any, params: dict[str, Any]) -> list[list[int]]:
        """Put the tokens into the cache; each row's text is what is found there."""
        texts, tokens = [], params["cache"].tokens
        for ids, table, start in zip(input_ids, params["block_table"], params["cache_seqlens"], strict=False):
            places = torch.arange(int(start) + len(ids))
            pages, within = table[places // PAGE].long(), places % PAGE
            tokens[pages[int(start) :], within[int(start) :]] = ids
            texts.append(tokens[pages, within].tolist())
        return texts


class _Cache:
    recurrent_state_cls = None

    def __init__(self, model: _Model, max_num_tokens: int, layer_type: Any, max_batch_size: int) -> None:
        self.max_num_tokens, self.num_slots, self.initialized = max_num_tokens, max_batch_size, False
        self.tokens = torch.zeros((max_num_tokens // PAGE, PAGE), dtype=torch.long)
        model.caches.append(self)

    def copy_page(self, source: _Cache, start: int, end: int, count: int) -> None:
        self.tokens[end, :count] = source.tokens[start, :count]

    def get_all_tensors(self) -> list[Any]:
        return [self.tokens]


def _recital() -> Any:
    """Of the doubles, beside which the real package must not be found."""
    spec = spec_from_file_location("reciting", _RECITING)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Recital


def _without_pinning(make: Any, *arguments: Any, pin_memory: bool = False, **options: Any) -> Any:
    return make(*arguments, **options)


def _install() -> None:
    os.environ["EXL3_FUSED_SAMPLER"] = "0"
    extension = types.ModuleType("exllamav3.ext")
    extension.exllamav3_ext = _Kernels("exllamav3_ext")  # type: ignore[attr-defined]
    sys.modules["exllamav3.ext"] = extension
    torch.empty, torch.zeros = partial(_without_pinning, torch.empty), partial(_without_pinning, torch.zeros)
    torch.cuda.device_count = lambda: 1
    torch.cuda.synchronize = lambda device=None: None
    import exllamav3

    exllamav3.Model, exllamav3.Cache = _Model, _Cache


_install()
