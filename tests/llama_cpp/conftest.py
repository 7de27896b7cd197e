"""Engines of tiny models, opened in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from workbench.engine_settings import EngineSettings
from workbench_llama_cpp import ngram
from workbench_llama_cpp.engine import LlamaCppEngine, open_engine
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator
from workbench_llama_cpp.speculation import Ambition

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


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draft wherever there is something to draft with, and check it whatever it costs."""
    monkeypatch.setattr(ngram, "SHORTEST", 1)

    def all_that_fits(self: Ambition, available: Sequence[int], *rest: object) -> list[int]:
        return [min(count, self._draft_rows // len(available)) for count in available]

    monkeypatch.setattr(Ambition, "shares", all_that_fits)


@pytest.fixture(scope="module")
def estimator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaCppEstimator]:
    """One helper for a module, with a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        made = LlamaCppEstimator()
        yield made
        made.close()
