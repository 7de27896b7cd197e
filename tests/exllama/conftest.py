"""The doubles of both engines in the place of the real ones, for as long as a test runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.exllama.folders import write_model
from workbench.backend import Engine
from workbench.engine_settings import EngineSettings
from workbench_exllama.backend import ExllamaBackend

DOUBLE = Path(__file__).with_name("double")
_ROOTS = {"torch", "exllamav2", "exllamav3", "reciting", "drawing"}
_OURS = {"workbench_exllama.exl2", "workbench_exllama.exl3"}
Open = Callable[..., Engine]


def _is_replaced(name: str) -> bool:
    return name.partition(".")[0] in _ROOTS or name in _OURS


@pytest.fixture
def doubles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    kept = {name: module for name, module in sys.modules.items() if _is_replaced(name)}
    for name in kept:
        del sys.modules[name]
    monkeypatch.syspath_prepend(str(DOUBLE))
    yield
    for name in [name for name in sys.modules if _is_replaced(name)]:
        del sys.modules[name]
    sys.modules.update(kept)


@pytest.fixture(params=["exl2", "exl3"])
def kind(request: pytest.FixtureRequest) -> Literal["exl2", "exl3"]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def opened(doubles: None, kind: Literal["exl2", "exl3"], tmp_path: Path) -> Iterator[Open]:
    """Opens a model of either kind with these settings."""
    engines = list[Engine]()

    def open_it(config: dict[str, Any] | None = None, **settings: Any) -> Engine:
        folder = write_model(tmp_path / "model", kind, **(config or {}))
        wanted = EngineSettings(**{"context_length": 1024, "parallel": 2, **settings})
        engines.append(ExllamaBackend().open(str(folder), wanted, lambda share: True))
        return engines[-1]

    yield open_it
    for engine in engines:
        engine.close()
