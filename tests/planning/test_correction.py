"""The formula corrected by points: the points' own words there, and straight lines between them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.planning.synthetic import Synthetic
from workbench.engine_settings import EngineSettings
from workbench.memory import MemoryEstimate
from workbench.planning.correction import Corrected, Point

FORMULA = Synthetic(gpus=2)
CONTEXTS = st.integers(1, 1 << 17)
BATCHES = st.sampled_from((64, 128, 256, 512, 1024))


def truth(settings: EngineSettings) -> MemoryEstimate:
    """What the formula misses is a constant, and a part for each token and each of the micro-batch."""
    estimate = FORMULA(settings)
    missed = 1_000_000 + 3 * (settings.context_length or 0) + 1000 * settings.micro_batch
    devices = tuple(
        replace(device, compute_bytes=device.compute_bytes + missed) for device in estimate.devices
    )
    return replace(estimate, devices=devices, basis="dry run")


def at(context: int, batch: int = 512, **others: object) -> EngineSettings:
    return EngineSettings(context_length=context, micro_batch=batch, **others)  # type: ignore[arg-type]


@given(st.lists(st.tuples(CONTEXTS, BATCHES), min_size=1, max_size=6))
def test_at_a_point_it_says_what_the_engine_said(places: list[tuple[int, int]]) -> None:
    points = [Point(at(*place), truth(at(*place))) for place in places]
    corrected = Corrected(FORMULA, points)
    for point in points:
        assert corrected(point.settings) == point.estimate


@given(st.tuples(CONTEXTS, CONTEXTS), st.floats(0, 1))
def test_between_two_contexts_it_is_exact_where_the_truth_is_a_line(
    ends: tuple[int, int], share: float
) -> None:
    low, high = sorted(ends)
    corrected = Corrected(FORMULA, [Point(at(end), truth(at(end))) for end in ends])
    wanted = at(low + round((high - low) * share))
    found, expected = corrected(wanted), truth(wanted)
    for ours, theirs in zip(found.devices, expected.devices, strict=True):
        assert abs(ours.compute_bytes - theirs.compute_bytes) <= 1
        assert (ours.weights_bytes, ours.context_bytes) == (theirs.weights_bytes, theirs.context_bytes)


@given(BATCHES, st.integers(64, 1024))
def test_between_two_micro_batches_likewise(batch: int, wanted: int) -> None:
    points = [Point(at(4096, end), truth(at(4096, end))) for end in (64, 1024)]
    found = Corrected(FORMULA, points)(at(4096, wanted))
    for ours, theirs in zip(found.devices, truth(at(4096, wanted)).devices, strict=True):
        assert abs(ours.compute_bytes - theirs.compute_bytes) <= 1


def test_beyond_the_points_the_nearest_ones_difference_holds() -> None:
    corrected = Corrected(FORMULA, [Point(at(4096), truth(at(4096)))])
    known = truth(at(4096)).devices[0].compute_bytes - FORMULA(at(4096)).devices[0].compute_bytes
    found = corrected(at(65_536)).devices[0].compute_bytes - FORMULA(at(65_536)).devices[0].compute_bytes
    assert found == known


def test_another_division_takes_the_nearest_ones_difference() -> None:
    near, far = at(4096, gpu_layers=9), at(4096, gpu_layers=2, kv_type_k="q8_0", kv_type_v="q8_0")
    corrected = Corrected(FORMULA, [Point(near, truth(near))])
    corrected.learn(far, FORMULA(far))
    wanted = at(4096, gpu_layers=8)
    assert corrected(wanted).devices == truth(wanted).devices


def test_without_points_it_is_the_formula() -> None:
    assert Corrected(FORMULA)(at(4096)) == FORMULA(at(4096))


def test_of_other_devices_nothing_is_learnt() -> None:
    corrected = Corrected(FORMULA, [Point(at(4096), Synthetic(gpus=1)(at(4096)))])
    assert corrected(at(4096)) == FORMULA(at(4096))


def test_a_sibling_takes_over_differences_but_not_answers() -> None:
    teacher, pupil = (
        Corrected(FORMULA, [Point(at(4096), truth(at(4096)))]),
        Corrected(Synthetic(layers=8, gpus=2)),
    )
    pupil.learn_from(teacher)
    missed = truth(at(4096)).devices[0].compute_bytes - FORMULA(at(4096)).devices[0].compute_bytes
    own = Synthetic(layers=8, gpus=2)(at(4096)).devices[0]
    assert pupil(at(4096)).devices[0].compute_bytes == own.compute_bytes + missed
    assert pupil(at(4096)).devices[0].weights_bytes == own.weights_bytes
