"""Whether an estimate stays inside what is free."""

from __future__ import annotations

import pytest

from tests.planning.cards import GIB, HERE, RTX_3060, RTX_4090
from workbench.engine_settings import EngineSettings, TensorOverride
from workbench.errors import InvalidRequest
from workbench.machine.cards import card
from workbench.memory import DeviceMemory, MemoryEstimate
from workbench.planning.budget import MARGIN_BYTES, Budget, fits
from workbench.planning.checks import check
from workbench.planning.flags import flags
from workbench.planning.places import described
from workbench.planning.search import Shape

MIB = 2**20


def taking(*gpus: int, host: int = 0, mapped: int = 0) -> MemoryEstimate:
    devices = tuple(device(f"GPU{index}", size) for index, size in enumerate(gpus))
    return MemoryEstimate(devices=devices, host=device("CPU", host, mapped), basis="dry run")


def device(name: str, size: int, mapped: int = 0) -> DeviceMemory:
    return DeviceMemory(name=name, weights_bytes=size, context_bytes=0, compute_bytes=0, mapped_bytes=mapped)


@pytest.mark.parametrize(
    ("gpu", "fit"),
    [
        (24 * GIB - MARGIN_BYTES, "fits"),
        (24 * GIB - MARGIN_BYTES + 1, "tight"),
        (24 * GIB, "tight"),
        (24 * GIB + 1, "no"),
    ],
)
def test_there_is_a_margin_and_then_an_end(gpu: int, fit: str) -> None:
    verdict = fits(taking(gpu), Budget(devices=(24 * GIB,), host=GIB))
    assert verdict.fit == fit
    assert verdict.short == ((("GPU0", 1),) if fit == "no" else ())


def test_each_place_is_judged_by_itself() -> None:
    budget = Budget(devices=(GIB, GIB), host=GIB)
    assert fits(taking(0, 2 * GIB), budget).short == (("GPU1", GIB),)
    assert fits(taking(0, 0, host=2 * GIB), budget).short == (("CPU", GIB),)


def test_weights_that_stay_in_their_file_need_no_room() -> None:
    budget = Budget(devices=(), host=10 * GIB)
    verdict = fits(taking(host=15 * GIB, mapped=8 * GIB), budget)
    assert (verdict.fit, verdict.paged_bytes) == ("tight", 5 * GIB)
    assert fits(taking(host=15 * GIB, mapped=4 * GIB), budget).fit == "no"


def test_a_gpu_that_shares_main_memory_takes_from_it() -> None:
    apart = Budget(devices=(8 * GIB,), host=10 * GIB)
    shared = Budget(devices=(8 * GIB,), host=10 * GIB, unified=True)
    assert fits(taking(7 * GIB, host=5 * GIB), apart).fit == "fits"
    assert fits(taking(7 * GIB, host=5 * GIB), shared).short == (("CPU", 2 * GIB),)


def test_a_device_that_the_budget_does_not_know_has_nothing_free() -> None:
    assert fits(taking(1), Budget(devices=(), host=GIB)).fit == "no"


def test_two_cards_of_one_name_are_told_apart() -> None:
    places = described((RTX_4090, RTX_4090, RTX_3060), 32 * GIB, HERE)
    assert [one.name for one in places.cards] == ["RTX 4090 #1", "RTX 4090 #2", "RTX 3060"]
    assert places.budget.devices == (24 * GIB, 24 * GIB, 12 * GIB) and places.budget.host == 32 * GIB


def test_an_apple_chip_brings_its_own_main_memory() -> None:
    places = described((card("M3 Max 64GB"),), None, HERE)
    assert places.budget.unified and places.budget.host == 64 * GIB and not places.notes
    assert described((RTX_4090,), None, HERE).notes


SHAPE = Shape(layers=32, expert_layers=0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"gpu_layers": 34}, "33 layers"),
        ({"experts_on_cpu": 33}, "32 layers"),
        ({"experts_on_cpu": 3}, "no experts"),
        ({"split": (1.0, 1.0)}, "2 shares for 1 GPU"),
        ({"context_length": 2**30, "parallel": 4}, "too many"),
    ],
)
def test_what_no_such_model_can_have_is_refused(settings: dict[str, object], said: str) -> None:
    places = described((RTX_4090,), None, HERE)
    with pytest.raises(InvalidRequest) as raised:
        check(EngineSettings(**settings), SHAPE, places)  # type: ignore[arg-type]
    assert said in raised.value.message and raised.value.remedy


def test_settings_are_written_as_they_are_given() -> None:
    settings = EngineSettings(
        context_length=4096,
        kv_type_k="q8_0",
        gpu_layers=20,
        split=(62.5, 37.5),
        tensor_overrides=(TensorOverride("blk.1.*", "CPU"),),
    )
    written = flags(settings)
    assert written == (
        "--context 4096 --kv-type q8_0,f16 --gpu-layers 20 --split 62.5,37.5 --tensor-override 'blk.1.*=CPU'"
    )
    assert flags(settings, settings) == "" and flags(EngineSettings()) == ""
