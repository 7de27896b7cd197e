"""What every backend promises before and while it opens a model."""

from __future__ import annotations

import subprocess
import sys

import pytest

from workbench import registry
from workbench.backend import Backend
from workbench.engine_settings import EngineSettings, Lora
from workbench.errors import LoadCancelled, WorkbenchError


@pytest.mark.parametrize("name", registry.names())
def test_tells_whether_it_can_run(name: str) -> None:
    status = registry.load(name).status()
    assert status.version if status.available else status.remedy


def test_tells_its_build_the_same_each_time(backend: Backend) -> None:
    assert backend.build() == backend.build()


def test_supports_its_own_kind_only(backend: Backend, model: str) -> None:
    assert backend.supports(model)
    assert not backend.supports("no-such-model.of-no-kind")


def test_a_missing_model_is_one_sentence(backend: Backend, missing: str) -> None:
    with pytest.raises(WorkbenchError, match="missing") as caught:
        backend.open(missing, EngineSettings(), lambda share: True)
    assert caught.value.remedy


def test_loading_tells_progress_and_can_be_cancelled(
    backend: Backend, model: str, settings: EngineSettings
) -> None:
    told: list[float] = []

    def stop(share: float) -> bool:
        told.append(share)
        return False

    with pytest.raises(LoadCancelled):
        backend.open(model, settings, stop)
    assert told and 0 <= told[-1] <= 1


@pytest.mark.parametrize(
    "setting", [{"devices": ("NoSuchDevice",)}, {"lora": (Lora("no-such-adapter.gguf"),)}]
)
def test_a_setting_it_cannot_honour_is_refused(
    backend: Backend, model: str, setting: dict[str, object]
) -> None:
    with pytest.raises(WorkbenchError) as caught:
        backend.open(model, EngineSettings(**setting), lambda share: True)  # type: ignore[arg-type]
    assert caught.value.remedy


def test_importing_it_loads_no_engine_library(backend: Backend) -> None:
    libraries = "('llama_cpp', 'torch')"
    code = f"import sys, {type(backend).__module__}; print(*[m for m in {libraries} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
