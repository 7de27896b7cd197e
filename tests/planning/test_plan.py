"""Plans for real shapes on cards that are not here, checked by the engine itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.blueprints import header, models
from tests.planning.cards import GIB, HERE, LARGE, RTX_3060, RTX_4090
from workbench.engine_settings import EngineSettings
from workbench.gguf import Header
from workbench.memory import MemoryEstimate, VirtualGpu
from workbench.planning.aim import AIMS, Aim
from workbench.planning.budget import fits
from workbench.planning.changes import cheapest_changes
from workbench.planning.estimates import Estimates
from workbench.planning.frontier import frontier
from workbench.planning.places import described
from workbench.planning.plan import plan
from workbench.ports import Estimator
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator

pytestmark = pytest.mark.slow


class Kept(Estimator):
    """The module's estimator, which stays open when it is closed."""

    def __init__(self, estimator: LlamaCppEstimator) -> None:
        self._estimator = estimator

    def estimate(
        self,
        header: Header,
        settings: EngineSettings,
        gpus: Sequence[VirtualGpu] | None = None,
        **others: object,
    ) -> MemoryEstimate:
        return self._estimator.estimate(header, settings, gpus, **others)  # type: ignore[arg-type]

    def close(self) -> None:
        """Others need it still."""


def estimates(model: str, estimator: LlamaCppEstimator, *cards: VirtualGpu, ram: int = 64 * GIB) -> Estimates:
    return Estimates(header(models.TEN[model]()), described(cards, ram, HERE), Kept(estimator))


@pytest.mark.parametrize("aim", AIMS)
@pytest.mark.parametrize(
    ("model", "cards"),
    [
        ("Llama 3 8B", (RTX_4090,)),
        ("Gemma 3 27B", (RTX_4090,)),
        ("Qwen3 30B-A3B", (RTX_3060,)),
        ("Qwen3 30B-A3B", (RTX_3060, RTX_4090)),
        ("Qwen3-Next 80B-A3B", (RTX_4090,)),
    ],
)
def test_a_plan_fits_by_the_engines_own_word(
    model: str, cards: tuple[VirtualGpu, ...], aim: Aim, estimator: LlamaCppEstimator
) -> None:
    asked = estimates(model, estimator, *cards)
    found = plan(asked, EngineSettings(), aim)
    assert found.dry_runs <= 6
    if not found.verdict.possible:
        assert aim == "all-on-gpu"
        return
    said = estimator.estimate(header(models.TEN[model]()), found.settings, asked.places.cards)
    assert found.estimate.basis == "dry run"
    with_overhead = replace(
        said,
        devices=tuple(
            replace(one, overhead_bytes=ours.overhead_bytes)
            for one, ours in zip(said.devices, found.estimate.devices, strict=True)
        ),
    )
    assert with_overhead.devices == found.estimate.devices
    assert fits(with_overhead, asked.places.budget) == found.verdict
    assert found.levers and all(lever.change for lever in found.levers)


def test_experts_are_what_leaves_a_small_card(estimator: LlamaCppEstimator) -> None:
    found = plan(estimates("Qwen3 30B-A3B", estimator, RTX_3060), EngineSettings())
    assert found.settings.gpu_layers is None and found.settings.experts_on_cpu
    (card,) = found.estimate.devices
    assert card.context_bytes > 0 and found.estimate.host.context_bytes == 0


def test_main_memory_is_a_hard_budget_too(estimator: LlamaCppEstimator) -> None:
    found = plan(estimates("Qwen3 30B-A3B", estimator, RTX_3060, ram=2 * GIB), EngineSettings())
    host = found.estimate.host
    assert host.total_bytes - host.mapped_bytes <= 2 * GIB or not found.verdict.possible


def test_the_changes_make_it_fit(estimator: LlamaCppEstimator) -> None:
    asked = estimates("Gemma 3 27B", estimator, RTX_4090)
    wanted = EngineSettings(context_length=131_072)
    assert not fits(asked.ask(wanted), asked.places.budget).possible
    changes = cheapest_changes(asked, wanted)
    assert 2 <= len(changes) <= 3 and len({change.flags for change in changes}) == len(changes)
    for change in changes:
        assert change.estimate.basis == "dry run" and change.verdict.possible
        assert fits(asked.ask(change.settings), asked.places.budget).possible
        assert change.flags.startswith("--")


def test_nothing_is_suggested_where_nothing_helps(estimator: LlamaCppEstimator) -> None:
    asked = estimates("DeepSeek V3", estimator, RTX_3060, ram=8 * GIB)
    changes = cheapest_changes(asked, EngineSettings())
    assert all(change.verdict.possible for change in changes)


def test_an_engine_that_refuses_a_quantized_cache_leaves_the_cache_alone(
    estimator: LlamaCppEstimator,
) -> None:
    fixed = EngineSettings(flash_attention="off")
    found = plan(estimates("Gemma 3 27B", estimator, RTX_4090), fixed, "longest-context")
    assert found.settings.kv_type_v == "f16" and found.verdict.possible


def test_the_frontier_stops_where_it_stops_fitting(estimator: LlamaCppEstimator) -> None:
    asked = estimates("Gemma 3 27B", estimator, RTX_4090)
    rows = frontier(asked, [("Q4_K_M", asked)], EngineSettings())
    assert [row.kv_type for row in rows] == ["f16", "q8_0", "q4_0"]
    for row in rows:
        assert row.whole is not None
        settings = EngineSettings(kv_type_k=row.kv_type, kv_type_v=row.kv_type, context_length=row.whole)
        assert fits(asked.ask(settings), asked.places.budget).possible
        longer = replace(settings, context_length=row.whole + 1024)
        if row.whole < asked.shape.trained_context:
            assert not fits(asked.ask(longer), asked.places.budget).possible
        totals = [cell.total_bytes for cell in row.cells if cell.place in ("fits", "tight")]
        assert totals == sorted(totals)


def test_without_an_estimator_everything_is_the_formulas() -> None:
    asked = Estimates(header(models.llama_3_8b()), described((LARGE,), None, HERE))
    found = plan(asked, EngineSettings(), "longest-context")
    assert found.verdict.possible and found.estimate.basis == "formula" and found.dry_runs == 0
    assert found.settings.context_length == asked.shape.trained_context


def test_a_draft_and_a_projector_take_memory_too(estimator: LlamaCppEstimator) -> None:
    whole, small = header(models.llama_3_8b()), header(models.lfm2_1_2b())
    places = described((RTX_4090,), None, HERE)
    alone, both = (
        Estimates(whole, places, Kept(estimator)),
        Estimates(whole, places, Kept(estimator), draft=small),
    )
    wanted = EngineSettings(context_length=8192)
    quick, said = both.quick(wanted), both.ask(wanted)
    assert said.devices[0].weights_bytes > alone.ask(wanted).devices[0].weights_bytes + 500 * 2**20
    assert quick.total_bytes == pytest.approx(said.total_bytes, rel=0.05)
