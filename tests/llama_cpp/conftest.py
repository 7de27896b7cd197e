"""Engines of tiny models, opened in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workbench.engine_settings import EngineSettings
from workbench_llama_cpp.engine import LlamaCppEngine, open_engine

Open = Callable[..., LlamaCppEngine]


@pytest.fixture
def open_tiny() -> Iterator[Open]:
    """Open a model file with settings; closed at the end of the test."""
    opened: list[LlamaCppEngine] = []

    def open_one(path: Path, **settings: object) -> LlamaCppEngine:
        chosen = {"context_length": 512, "parallel": 3, **settings}
        opened.append(open_engine(str(path), EngineSettings(**chosen), lambda share: True))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for engine in opened:
        engine.close()
