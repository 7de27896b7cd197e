"""How a model is divided: what is found fits, and nothing faster would."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.planning.synthetic import MIB, Synthetic
from workbench.engine_settings import EngineSettings
from workbench.planning.bisection import first, last
from workbench.planning.budget import Budget
from workbench.planning.search import Candidate, Search

EVERY = frozenset({"gpu_layers", "experts_on_cpu", "split"})
BASE = EngineSettings(context_length=4096)
PLENTY = 1 << 50
MODELS = st.builds(
    Synthetic,
    layers=st.integers(1, 40),
    layer_bytes=st.integers(1, 300 * MIB),
    expert_bytes=st.sampled_from((0, 50 * MIB, 400 * MIB)),
    gpus=st.integers(0, 3),
)


def search(model: Synthetic, *gpus: int, host: int = PLENTY, free: frozenset[str] = EVERY) -> Search:
    return Search(model, Budget(devices=gpus, host=host), model.shape, free)


@given(MODELS, st.lists(st.integers(0, 40 * 2**30), min_size=3, max_size=3), st.integers(0, 60 * 2**30))
@settings(deadline=None, max_examples=300)
def test_what_is_said_to_fit_fits(model: Synthetic, gpus: list[int], host: int) -> None:
    found = search(model, *gpus[: model.gpus], host=host).divided(BASE)
    estimate = model(found.settings)
    assert estimate == found.estimate
    if found.verdict.possible:
        for device, free in zip(estimate.devices, gpus, strict=False):
            assert device.total_bytes <= free
        assert estimate.host.total_bytes <= host


@given(MODELS.filter(lambda model: model.gpus == 1), st.integers(0, 20 * 2**30))
@settings(deadline=None, max_examples=300)
def test_nothing_faster_would_fit_as_well(model: Synthetic, gpu: int) -> None:
    asked = search(model, gpu)
    found = asked.divided(BASE)
    if found.verdict.fit != "fits":
        return
    for other in every_division(asked, model):
        if other.cost(model.shape) < found.cost(model.shape):
            assert other.verdict.fit != "fits"


@pytest.mark.slow
@given(MODELS.filter(lambda model: model.gpus == 1), st.integers(0, 20 * 2**30), st.integers(0, 20 * 2**30))
@settings(deadline=None, max_examples=200)
def test_it_is_never_given_up_while_something_fits(model: Synthetic, gpu: int, host: int) -> None:
    asked = search(model, gpu, host=host)
    if any(other.verdict.fit == "fits" for other in every_division(asked, model)) and not model.expert_bytes:
        assert asked.divided(BASE).verdict.possible


def every_division(asked: Search, model: Synthetic) -> list[Candidate]:
    layers = range(model.layers + 2)
    experts = range(model.layers + 1) if model.expert_bytes else range(1)
    return [
        asked.judged(replace(BASE, gpu_layers=count, experts_on_cpu=kept))
        for count in layers
        for kept in experts
    ]


def test_experts_go_to_main_memory_before_layers_do() -> None:
    model = Synthetic(layers=10, layer_bytes=10 * MIB, expert_bytes=300 * MIB)
    found = search(model, 2000 * MIB).divided(BASE)
    assert found.settings.gpu_layers is None and 0 < found.settings.experts_on_cpu < 10


def test_layers_go_when_even_all_experts_are_not_enough() -> None:
    model = Synthetic(layers=10, layer_bytes=200 * MIB, expert_bytes=300 * MIB)
    found = search(model, 1500 * MIB).divided(BASE)
    assert found.settings.experts_on_cpu == 10 and 0 < (found.settings.gpu_layers or 0) < 10


def test_a_full_main_memory_forbids_what_the_gpu_would_allow() -> None:
    model = Synthetic(layers=10)
    roomy, narrow = search(model, 600 * MIB), search(model, 600 * MIB, host=200 * MIB)
    assert roomy.divided(BASE).verdict.possible
    assert not narrow.divided(BASE).verdict.possible


def test_what_a_person_has_set_stays() -> None:
    model = Synthetic(layers=10, expert_bytes=100 * MIB)
    fixed = replace(BASE, gpu_layers=10)
    found = search(model, 600 * MIB, free=frozenset()).divided(fixed)
    assert found.settings == fixed and not found.verdict.possible


def test_uneven_cards_get_uneven_shares() -> None:
    model = Synthetic(layers=40, gpus=2)
    even = search(model, 3400 * MIB, 2000 * MIB, free=frozenset()).divided(BASE)
    balanced = search(model, 3400 * MIB, 2000 * MIB).divided(BASE)
    assert not even.verdict.possible and balanced.verdict.possible
    assert balanced.settings.split[0] > balanced.settings.split[1] and balanced.settings.gpu_layers is None


@given(st.integers(-5, 50), st.integers(-5, 50), st.integers(-10, 60))
def test_bisection_finds_where_the_answer_changes(low: int, high: int, edge: int) -> None:
    span = range(low, high + 1)
    assert first(low, high, lambda at: at >= edge) == next((at for at in span if at >= edge), None)
    assert last(low, high, lambda at: at <= edge) == next((at for at in reversed(span) if at <= edge), None)
