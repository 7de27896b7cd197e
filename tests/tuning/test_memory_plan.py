"""What does not fit is refused, by the engine's own word, before anything is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import workbench_guide
from tests.blueprints import models
from tests.planning.cards import GIB, HERE, RTX_3060, RTX_4090
from tests.planning.pretending import hollow, pretend_machine
from workbench.engine_settings import EngineSettings
from workbench.tuning.memory_plan import MemoryPlan

GUIDE = str(workbench_guide.PATH)
USUAL = EngineSettings(context_length=2048)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))


@pytest.fixture
def narrow() -> Iterator[MemoryPlan]:
    """The bundled model with as much memory as it takes, and a little."""
    with MemoryPlan(GUIDE, USUAL, HERE, None) as plan:
        takes = plan._estimates(USUAL).quick(USUAL).host.total_bytes
    with MemoryPlan(GUIDE, USUAL, replace(HERE, ram_free=int(takes * 1.2)), None) as plan:
        yield plan


def test_what_takes_more_than_there_is_is_refused(narrow: MemoryPlan) -> None:
    assert narrow.refusal(USUAL) == ""
    assert narrow.refusal(replace(USUAL, kv_type_k="q8_0", kv_type_v="q8_0")) == ""
    assert "does not fit" in narrow.refusal(replace(USUAL, parallel=16))
    assert "does not fit" in narrow.refusal(replace(USUAL, draft=GUIDE))
    assert narrow.at_once() == 1


def test_what_the_engine_would_refuse_is_refused_with_its_reason(narrow: MemoryPlan) -> None:
    settings = replace(USUAL, flash_attention="off", kv_type_v="q8_0")
    assert "needs flash attention" in narrow.refusal(settings)
    assert narrow.divisions() == ()


def test_with_room_several_engines_may_be_open() -> None:
    with MemoryPlan(GUIDE, USUAL, HERE, None) as plan:
        assert plan.at_once() == 4


def test_a_card_that_is_too_small_for_all_gets_what_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = pretend_machine(monkeypatch, 64 * GIB, RTX_3060)
    usual = EngineSettings(context_length=8192, experts_on_cpu=20)
    with MemoryPlan(hollow(tmp_path, models.qwen3_30b_a3b()), usual, here, None) as plan:
        ways = plan.divisions()
        assert ways[0] == usual
        assert replace(usual, experts_on_cpu=0) in ways and plan.refusal(replace(usual, experts_on_cpu=0))
        fitting = [way for way in ways if not plan.refusal(way)]
        assert any(way.experts_on_cpu for way in fitting) and any(way.gpu_layers == 0 for way in fitting)
        assert plan.at_once() == 1


def test_several_cards_are_tried_alone_and_in_equal_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = pretend_machine(monkeypatch, 64 * GIB, RTX_4090, RTX_3060)
    usual = EngineSettings(context_length=4096)
    with MemoryPlan(hollow(tmp_path, models.llama_3_8b()), usual, here, None) as plan:
        splits = [way.split for way in plan.divisions() if way.gpu_layers is None]
    assert splits[0] == () and {(1.0, 1.0), (1.0, 0.0), (0.0, 1.0)} <= set(splits)


def test_of_what_nobody_can_tell_everything_fits(tmp_path: Path) -> None:
    script = tmp_path / "quick.script.toml"
    script.write_text('[[reply]]\ntext = "Yes."\n')
    with MemoryPlan(str(script), USUAL, HERE, None) as plan:
        assert plan.refusal(replace(USUAL, parallel=64)) == ""
        assert plan.at_once() == 1
