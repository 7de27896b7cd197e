"""What each aim arrives at, on a model that can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.planning.synthetic import MIB, Synthetic
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.planning.aim import AIMS, CHOSEN, Aim
from workbench.planning.aims import proposed
from workbench.planning.attempt import Proposal
from workbench.planning.budget import Budget
from workbench.planning.search import Search

MODEL = Synthetic(layers=10)
PLENTY = 1 << 50


def proposal(
    aim: Aim,
    *gpus: int,
    model: Synthetic = MODEL,
    base: EngineSettings | None = None,
    free: frozenset[str] = CHOSEN,
    host: int = PLENTY,
) -> Proposal:
    search = Search(model, Budget(devices=gpus, host=host), model.shape, free)
    return proposed(search, base or EngineSettings(), aim)


def test_balanced_lengthens_the_context_while_it_costs_nothing() -> None:
    roomy = proposal("balanced", 2000 * MIB).candidate
    assert roomy.settings.context_length == 32_768 and roomy.settings.gpu_layers is None
    narrow = proposal("balanced", 1350 * MIB).candidate
    assert narrow.settings.context_length == 16_384 and narrow.settings.gpu_layers is None


def test_balanced_moves_layers_rather_than_cut_the_usual_context() -> None:
    found = proposal("balanced", 700 * MIB).candidate
    assert found.verdict.possible and (found.settings.context_length or 0) >= 8192
    assert (found.settings.gpu_layers or 0) < 10 and found.settings.kv_type_k == "f16"


def test_balanced_keeps_the_context_that_was_asked_for() -> None:
    for asked in (512, 8192, 60_000):
        found = proposal("balanced", 1200 * MIB, base=EngineSettings(context_length=asked)).candidate
        assert found.settings.context_length == asked


def test_a_shorter_context_is_said() -> None:
    found = proposal("balanced", model=replace(MODEL, gpus=0), host=1130 * MIB)
    assert found.candidate.verdict.possible
    assert (found.candidate.settings.context_length or 0) < 8192
    assert f"{found.candidate.settings.context_length:,}" in found.remarks[0]


def test_a_context_that_was_asked_for_is_never_shortened() -> None:
    asked = EngineSettings(context_length=8192)
    found = proposal("balanced", model=replace(MODEL, gpus=0), host=1130 * MIB, base=asked)
    assert not found.candidate.verdict.possible
    assert found.candidate.settings.context_length == 8192 and not found.remarks


def test_the_longest_context_cannot_be_longer() -> None:
    search = Search(MODEL, Budget(devices=(1400 * MIB,), host=PLENTY), MODEL.shape, CHOSEN)
    found = proposed(search, EngineSettings(), "longest-context").candidate
    assert found.settings.kv_type_k == "q4_0" or found.settings.context_length == MODEL.trained
    longer = replace(found.settings, context_length=(found.settings.context_length or 0) + 256)
    assert longer.context_length > MODEL.trained or search.judged(longer).verdict.fit != "fits"  # type: ignore[operator]


def test_the_longest_context_prefers_an_exact_cache() -> None:
    found = proposal("longest-context", 5000 * MIB).candidate
    assert (found.settings.context_length, found.settings.kv_type_k) == (65_536, "f16")


def test_all_on_gpu_gives_up_batch_before_exactness_and_exactness_before_context() -> None:
    assert proposal("all-on-gpu", 1250 * MIB).candidate.settings.micro_batch == 512
    tighter = replace(MODEL, batch_bytes=MIB // 4)
    smaller = proposal("all-on-gpu", 1250 * MIB, model=tighter).candidate.settings
    assert smaller.micro_batch < 512 and smaller.kv_type_k == "f16"
    quantized = proposal("all-on-gpu", 1150 * MIB).candidate.settings
    assert quantized.kv_type_k != "f16" and quantized.context_length == 8192
    short = proposal("all-on-gpu", 1065 * MIB)
    assert (short.candidate.settings.context_length or 0) < 8192 and short.remarks


def test_all_on_gpu_needs_a_gpu() -> None:
    with pytest.raises(InvalidRequest, match="no GPU"):
        proposal("all-on-gpu", model=replace(MODEL, gpus=0))


def test_fastest_reads_in_larger_pieces_where_there_is_room() -> None:
    assert proposal("fastest", 3000 * MIB).candidate.settings.micro_batch == 2048


def test_quality_keeps_the_cache_exact() -> None:
    found = proposal("quality", 900 * MIB).candidate
    assert found.settings.kv_type_k == "f16" and found.settings.context_length == 32_768


@pytest.mark.parametrize("aim", AIMS)
@pytest.mark.parametrize("memory", [200, 700, 1300, 4000])
def test_nothing_that_a_person_has_set_is_changed(aim: Aim, memory: int) -> None:
    base = EngineSettings(
        context_length=4096, kv_type_k="q8_0", kv_type_v="q8_0", micro_batch=256, gpu_layers=7
    )
    found = proposal(aim, memory * MIB, base=base, free=frozenset())
    kept = replace(found.candidate.settings, context_length=4096)
    assert kept == base
    if aim != "longest-context":
        assert found.candidate.settings == base


@pytest.mark.parametrize("aim", AIMS)
def test_everything_tried_is_told(aim: Aim) -> None:
    found = proposal(aim, 1250 * MIB)
    assert any(one.settings == found.candidate.settings for one in found.tried)
