"""What no engine reports of a model on a card, by the model's own header."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.blueprints import Blueprint, header, models
from tests.gpu.models import qwen1_5_0_5b
from tests.planning.cards import GIB, HERE, RTX_4090
from workbench.engine_device import EngineDevice
from workbench.engine_settings import EngineSettings
from workbench.machine import Gpu
from workbench.machine.engines import EngineSight
from workbench.memory import DeviceMemory, VirtualGpu
from workbench.planning import places
from workbench.planning.places import on_this_machine
from workbench.planning.unreported import Unreported

EMPTY = DeviceMemory(name="GPU", weights_bytes=0, context_bytes=0, compute_bytes=0)
VOLTA = VirtualGpu(name="V100", memory_bytes=16 * GIB, multiprocessors=80, compute_capability=(7, 0))


def added(blueprint: Blueprint, card: VirtualGpu = RTX_4090, micro_batch: int = 512) -> int:
    settings = EngineSettings(micro_batch=micro_batch)
    return Unreported.of(header(blueprint)).added_to(EMPTY, card, settings).overhead_bytes


def test_experts_floats_and_large_batches_take_more() -> None:
    dense = added(models.llama_3_8b())
    assert added(models.qwen3_30b_a3b()) > dense
    assert added(qwen1_5_0_5b()) > dense
    assert added(models.llama_3_8b(), micro_batch=2048) > dense


def test_old_cards_unpack_the_largest_matrix() -> None:
    largest = 4096 * 128_256
    assert Unreported.of(header(models.llama_3_8b())).largest_quantized == largest
    assert added(models.llama_3_8b(), VOLTA) > 2 * largest


@pytest.mark.parametrize("told", [{}, {"0000:01:00.0": 518 * 2**20}])
def test_a_card_that_is_here_is_measured(told: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    device = EngineDevice(name="CUDA0", kind="gpu", memory_free=20 * GIB, bus_id="0000:01:00.0")
    here = replace(HERE, gpus=(Gpu("RTX 4090", 24 * GIB, api="cuda", bus_id=device.bus_id),))
    monkeypatch.setattr(
        places, "engine_sight", lambda name, servers: EngineSight((device,), driver_bytes=told)
    )
    (card,) = on_this_machine("llama-cpp", here)(["CUDA0"]).cards
    assert (card.driver_bytes, card.memory_bytes) == (told.get(device.bus_id), 20 * GIB)
