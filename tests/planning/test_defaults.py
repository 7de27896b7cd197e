"""What a load decides by itself: nothing for what is small, a plan for what is not, words for what fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.blueprints import models
from tests.planning.cards import GIB, RTX_3060
from tests.planning.pretending import hollow, pretend_machine
from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit
from workbench.models import locate
from workbench.planning.beside import FitsBeside
from workbench.planning.defaults import default_settings, is_small
from workbench.planning.opening import open_planned

Pretend = Callable[..., None]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    return partial(pretend_machine, monkeypatch)


def test_a_small_model_is_left_to_the_engine_without_a_look(tmp_path: Path) -> None:
    guide = str(locate("guide").path)
    assert is_small(guide, EngineSettings())
    assert default_settings(guide, EngineSettings()).settings == EngineSettings()
    assert not is_small(guide, EngineSettings(context_length=200_000))
    assert not is_small(hollow(tmp_path, models.lfm2_1_2b()), EngineSettings())


@pytest.mark.slow
def test_a_limit_shortens_the_context_or_keeps_the_model_out(tmp_path: Path, pretend: Pretend) -> None:
    pretend(64 * GIB)
    model = hollow(tmp_path, models.llama_3_8b())
    most = int(5.6 * GIB)
    chosen = default_settings(model, EngineSettings(), most=most).settings
    assert chosen.context_length and 512 <= chosen.context_length < 8192
    assert FitsBeside(model, EngineSettings(), None, most).needs() <= most
    for refused in (
        lambda: default_settings(model, EngineSettings(), most=3 * GIB),
        FitsBeside(model, EngineSettings(), None, 3 * GIB).needs,
    ):
        with pytest.raises(DoesNotFit, match="within the limit is missing"):
            refused()


def test_what_fits_main_memory_with_room_stays_as_it_is(tmp_path: Path, pretend: Pretend) -> None:
    pretend(64 * GIB)
    chosen = default_settings(hollow(tmp_path, models.llama_3_8b()), EngineSettings())
    assert chosen.settings == EngineSettings() and not chosen.notices


def test_a_gpu_that_is_too_small_gets_what_fits(tmp_path: Path, pretend: Pretend) -> None:
    pretend(64 * GIB, RTX_3060)
    dense = default_settings(hollow(tmp_path, models.gemma_3_27b()), EngineSettings())
    assert 0 < (dense.settings.gpu_layers or 0) < 63
    assert "layers go to the GPU" in dense.notices[0]
    experts = default_settings(hollow(tmp_path, models.qwen3_30b_a3b()), EngineSettings())
    assert experts.settings.experts_on_cpu and experts.settings.gpu_layers is None
    assert "experts" in experts.notices[0]


def test_a_gpu_with_room_gets_it_all_and_a_longer_context(tmp_path: Path, pretend: Pretend) -> None:
    pretend(64 * GIB, replace(RTX_3060, memory_bytes=24 * GIB))
    chosen = default_settings(hollow(tmp_path, models.llama_3_8b()), EngineSettings())
    assert chosen.settings.gpu_layers is None and chosen.settings.context_length == 32_768


@pytest.mark.parametrize(
    "given",
    [
        {"context_length": 4096},
        {"gpu_layers": 5},
        {"kv_type_k": "q8_0", "kv_type_v": "q8_0"},
        {"micro_batch": 64},
        {"parallel": 2},
    ],
)
def test_what_a_person_has_given_is_kept(tmp_path: Path, pretend: Pretend, given: dict[str, object]) -> None:
    pretend(64 * GIB, RTX_3060)
    asked = EngineSettings(**given)  # type: ignore[arg-type]
    chosen = default_settings(hollow(tmp_path, models.gemma_3_27b()), asked)
    for name, value in given.items():
        assert getattr(chosen.settings, name) == value


def test_what_does_not_fit_is_refused_with_the_cheapest_changes(tmp_path: Path, pretend: Pretend) -> None:
    pretend(6 * GIB)
    with pytest.raises(DoesNotFit) as raised:
        default_settings(hollow(tmp_path, models.llama_3_8b()), EngineSettings(context_length=131_072))
    assert "main memory is missing" in raised.value.message
    assert "--context" in raised.value.remedy and "It fits with" in raised.value.remedy


def test_without_changes_that_help_a_smaller_one_is_advised(tmp_path: Path, pretend: Pretend) -> None:
    pretend(GIB)
    with pytest.raises(DoesNotFit, match="smaller quantization"):
        default_settings(hollow(tmp_path, models.llama_3_8b()), EngineSettings())


def test_a_shorter_context_than_usual_is_said(tmp_path: Path, pretend: Pretend) -> None:
    pretend(int(3.3 * GIB))
    chosen = default_settings(hollow(tmp_path, models.llama_3_8b()), EngineSettings())
    assert (chosen.settings.context_length or 0) < 8192
    assert any(f"{chosen.settings.context_length:,} tokens" in notice for notice in chosen.notices)


def test_what_cannot_be_read_is_left_to_the_engine(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(200 << 20))
    assert default_settings(str(broken), EngineSettings()).settings == EngineSettings()


async def test_a_refused_load_leaves_no_process_behind(tmp_path: Path, pretend: Pretend) -> None:
    pretend(GIB)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with pytest.raises(DoesNotFit):
        await open_planned(hollow(tmp_path, models.llama_3_8b()), EngineSettings())
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before
