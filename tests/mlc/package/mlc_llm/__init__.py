"""Stands in for MLC's package: the engine's own functions, around the double of what they do."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
import double

from mlc_llm.serve.config import EngineConfig

opened: list[AsyncMLCEngine] = []


class Chunk(dict[str, Any]):
    def model_dump_json(self, by_alias: bool) -> str:
        return json.dumps(self)


class AsyncMLCEngine:
    """Its functions name every parameter: another one is a TypeError."""

    def __init__(
        self,
        model: str,
        device: str = "auto",
        *,
        mode: str = "local",
        engine_config: EngineConfig | None = None,
    ) -> None:
        self.model, self.device, self.mode, self.config = model, device, mode, engine_config
        usual = json.loads((Path(model) / "mlc-chat-config.json").read_text())["context_window_size"]
        self.context = (engine_config and engine_config.max_single_sequence_length) or usual
        self.chat = SimpleNamespace(completions=SimpleNamespace(create=self._create))
        self.completions = SimpleNamespace(create=self._create)
        self.running = True
        opened.append(self)

    async def _create(self, *, stream: bool, **body: Any) -> AsyncIterator[Chunk]:
        assert self.running
        return self._answer({"stream": stream, **body})

    async def _answer(self, body: dict[str, Any]) -> AsyncIterator[Chunk]:
        try:
            double.checked(body, self.model, self.context)
        except double.Refused as refused:
            raise ValueError(refused.words) from None
        for chunk in double.chunks(body):
            await asyncio.sleep(0)
            yield Chunk(chunk)

    def terminate(self) -> None:
        self.running = False
