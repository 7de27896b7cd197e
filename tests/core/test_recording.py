"""A load's prediction on cards: overheads of their own, and what each held by the engine's name for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from workbench.engine_device import EngineDevice
from workbench.engine_settings import EngineSettings
from workbench.machine import Gpu, GpuProcess
from workbench.machine.engines import EngineSight
from workbench.machine.process_memory import card_memory
from workbench.planning import recording
from workbench.planning.ledger import Ledger

GIB = 2**30
ONE = Gpu("RTX 3090", 24 * GIB, api="cuda", bus_id="0000:01:00.0", processes=(GpuProcess(7, "us", 5 * GIB),))
TWO = Gpu("RTX 4090", 24 * GIB, api="cuda", bus_id="0000:02:00.0", processes=(GpuProcess(8, "them", GIB),))


def device(name: str, bus_id: str) -> EngineDevice:
    return EngineDevice(name=name, kind="gpu", bus_id=bus_id)


def test_cards_are_known_by_their_place_whatever_their_order() -> None:
    sight = EngineSight((device("CUDA0", TWO.bus_id), device("CUDA1", ONE.bus_id)))
    assert recording._places(sight, (ONE, TWO)) == {"CUDA0": TWO, "CUDA1": ONE}
    silent = EngineSight((device("CUDA0", ""), device("CUDA1", "")))
    assert recording._places(silent, (ONE, TWO)) == {"CUDA0": ONE, "CUDA1": TWO}
    assert recording._places(silent, (ONE,)) == {}


def test_what_a_process_holds_on_each_card() -> None:
    assert card_memory(7, (ONE, TWO)) == {"0000:01:00.0": 5 * GIB}


class Gone:
    """A provider whose process is over."""

    pid = 2**22 + 1


@pytest.mark.parametrize("provider", [Gone(), object()])
def test_a_load_that_cannot_be_looked_at_is_left_out(
    provider: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    recording.record("m.gguf", EngineSettings(), "llama-cpp", provider)  # type: ignore[arg-type]
    with Ledger() as ledger:
        assert ledger.entries() == []


async def test_a_ledger_that_cannot_be_written_fails_no_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.models import locate
    from workbench.planning.opening import open_planned

    (tmp_path / "data").write_text("in the way")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    provider = await open_planned(str(locate("guide").path), EngineSettings(context_length=256))
    await provider.close()


async def test_a_load_that_ends_at_once_is_recorded_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.models import locate
    from workbench.planning.opening import open_planned

    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    monkeypatch.setattr(recording, "gpus", lambda: (replace(ONE, processes=()),))
    for _ in range(3):
        provider = await open_planned(str(locate("guide").path), EngineSettings(context_length=256))
        await provider.close()
    with Ledger() as ledger:
        assert [bool(entry.devices[0].held_bytes) for entry in ledger.entries()] == [True] * 3


def test_what_was_measured_of_a_driver_is_part_of_the_prediction() -> None:
    sight = EngineSight((device("CUDA0", ONE.bus_id),), driver_bytes={ONE.bus_id: 300})
    card = recording._card(ONE, sight)
    assert card is not None and (card.driver_bytes, card.name) == (300, ONE.name)
