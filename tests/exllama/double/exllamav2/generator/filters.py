"""The base of filters, with the masks that are made beside the model's pass."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class ExLlamaV2Filter:
    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.background_result: Future[bool] | None = None

    def background_prepare_logit_mask(self, pool: ThreadPoolExecutor) -> None:
        assert self.background_result is None
        self.background_result = pool.submit(self.prepare_logit_mask)

    def background_drop(self) -> None:
        if self.background_result is not None:
            self.background_result.result()
            self.background_result = None

    def get_next(self, mask: bool = False) -> Any:
        assert mask and self.can_mask_logits()
        if self.background_result is None:
            return self.prepare_logit_mask()
        result = self.background_result.result()
        self.background_result = None
        return result
