"""Stands in for exllamav2 0.3.2: its names, arguments, checks and results, over a model that recites.

Made after reading its sources; it computes nothing on a GPU. It reads config.json as carelessly as the real
one: an unknown architecture is a Llama, and `rope_parameters` are passed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import reciting


class ExLlamaV2Config:
    def __init__(self, model_dir: str) -> None:
        self.model_dir = model_dir
        self.told = json.loads((Path(model_dir) / "config.json").read_bytes())
        self.rotary_embedding_base = self.told.get("rope_theta", 10000.0)
        scaling = self.told.get("rope_scaling") or {}
        assert not ("type" in scaling and "rope_type" in scaling), "both `type` and `rope_type`"
        self.max_seq_len, self.max_input_len, self.max_batch_size = 2048, 2048, 1
        self.no_flash_attn = False

    def arch_compat_overrides(self) -> None:
        """There is nothing to override."""


class ExLlamaV2:
    def __init__(self, config: ExLlamaV2Config) -> None:
        self.config = config

    def load_autosplit(self, cache: ExLlamaV2Cache, callback: Callable[[int, int], None]) -> None:
        """Loads in 4 modules."""
        config = self.config
        config.max_input_len = min(config.max_input_len, config.max_seq_len)
        if cache.max_seq_len > 1 << 22:
            raise RuntimeError("Insufficient VRAM for model and cache")
        self.recital = reciting.Recital(config.model_dir, config.rotary_embedding_base)
        for done in range(5):
            callback(done, 4)

    def unload(self) -> None:
        self.recital = None


class ExLlamaV2Cache:
    def __init__(
        self, model: ExLlamaV2, batch_size: int = 1, max_seq_len: int = -1, lazy: bool = False
    ) -> None:
        assert lazy, "load_autosplit fills the cache itself"
        self.batch_size, self.max_seq_len = batch_size, max_seq_len


class ExLlamaV2Cache_Q4(ExLlamaV2Cache):
    pass


class ExLlamaV2Cache_Q6(ExLlamaV2Cache):
    pass


class ExLlamaV2Cache_Q8(ExLlamaV2Cache):
    pass


class ExLlamaV2Tokenizer(reciting.Pieces):
    def __init__(self, config: ExLlamaV2Config) -> None:
        super().__init__(config.model_dir)
