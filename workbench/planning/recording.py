"""Writes each load into the ledger: at once what the engine's process holds, and later what was predicted.

    python -m workbench.planning.recording ID HELD    adds the prediction of the load of that number

HELD is what the process held on each card by then, as JSON: {place: bytes}.
The prediction is made by a process of low priority that outlives a short command, so no load waits for it.
Nothing that goes wrong here is worth failing for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import closing, suppress
from dataclasses import replace

import msgspec

from workbench import registry
from workbench.backend import Provider
from workbench.engine_settings import EngineSettings
from workbench.errors import WorkbenchError
from workbench.gguf import read_model
from workbench.machine.engines import EngineSight, bare_process, engine_sight, remember
from workbench.machine.gpus import Gpu, as_card, gpus
from workbench.machine.overhead import host_overhead_bytes
from workbench.machine.process_memory import card_memory, host_memory
from workbench.memory import MemoryEstimate, VirtualGpu
from workbench.planning.estimates import draft_header, projector_of
from workbench.planning.ledger import ActualMemory, Ledger, LoadRecord
from workbench.planning.unreported import Unreported

_LOW_PRIORITY = 19


def record(model: str, settings: EngineSettings, backend: str | None, provider: Provider) -> None:
    """Note what the provider's process holds, and have the prediction added. Never raises."""
    pid = getattr(provider, "pid", None)
    if pid is None or settings.vocabulary_only or settings.uses_other_machines:
        return  # another machine serves the one that has the model, and nobody else meanwhile
    with suppress(WorkbenchError, OSError):
        name = backend or registry.name_for(model)
        held = host_memory(pid)
        if held is None or registry.load(name).estimator() is None:
            return
        used = replace(settings, context_length=provider.facts.context_length)
        actual = ActualMemory(name="CPU", held_bytes=held.anonymous, file_backed_bytes=held.file_backed)
        with Ledger() as ledger:
            load_id = ledger.begin(os.path.abspath(model), name, msgspec.json.encode(used).decode(), [actual])
        _start(load_id, card_memory(pid, gpus()))


def _start(load_id: int, on_cards: dict[str, int]) -> None:
    """In a session of its own, so that Ctrl+C in the terminal does not reach it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench.planning.recording", str(load_id), json.dumps(on_cards)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    threading.Thread(target=process.wait, daemon=True).start()  # else it would stay behind as a zombie


def main() -> int:
    with suppress(OSError, AttributeError):
        os.nice(_LOW_PRIORITY)
    load_id, held = int(sys.argv[1]), dict[str, int](json.loads(sys.argv[2]))
    with Ledger() as ledger:
        entry = ledger.entry(load_id)
        if entry is None:
            return 1
        try:
            predicted, names = prediction(entry, gpus())
            actual = [
                ActualMemory(name=names[place], held_bytes=held[place]) for place in held if place in names
            ]
            ledger.complete(load_id, predicted, actual)
        except WorkbenchError as error:
            ledger.give_up(load_id, error.message)
        except Exception as error:  # a third party's estimator may raise anything
            ledger.give_up(load_id, f"The prediction failed: {type(error).__name__}.")
    return 0


def prediction(entry: LoadRecord, cards: tuple[Gpu, ...]) -> tuple[MemoryEstimate, dict[str, str]]:
    """What the engine's estimator says, what no engine reports, and its names for cards by their places."""
    settings = msgspec.json.decode(entry.settings, type=EngineSettings)
    estimator = registry.load(entry.backend).estimator()
    if estimator is None:
        raise WorkbenchError(f"{entry.backend} does not tell what a model takes.")
    with closing(estimator):
        header = read_model(entry.model)
        loaded = replace(settings, prompt_cache_bytes=0)  # what keeping prompts takes comes later
        draft, projector = draft_header(settings), projector_of(settings)
        estimate = estimator.estimate(header, loaded, draft=draft, projector=projector)
    sight = None
    if estimate.devices or bare_process(entry.backend) is None:
        sight = engine_sight(entry.backend)
        remember(entry.backend, sight)
    places = _places(sight, cards) if sight else {}
    unreported = Unreported.of(header)
    known = {name: card for name, gpu in places.items() if (card := _card(gpu, sight))}
    used = [known[one.name] for one in estimate.devices if one.name in known]
    beside = (bare_process(entry.backend) or 0) + host_overhead_bytes(used)
    host = replace(estimate.host, overhead_bytes=estimate.host.overhead_bytes + beside)
    devices = tuple(
        unreported.added_to(one, known[one.name], settings) if one.name in known else one
        for one in estimate.devices
    )
    names = {gpu.bus_id or gpu.name: name for name, gpu in places.items()}
    return replace(estimate, host=host, devices=devices), names


def _places(sight: EngineSight, cards: tuple[Gpu, ...]) -> dict[str, Gpu]:
    """The system's cards by the engine's names for them; in order where the engine tells no places."""
    by_place = {gpu.bus_id: gpu for gpu in cards if gpu.bus_id}
    devices = [one for one in sight.devices if one.kind in ("gpu", "integrated")]
    found = {one.name: by_place[one.bus_id] for one in devices if one.bus_id in by_place}
    if not found and len(devices) == len(cards):
        found = {one.name: gpu for one, gpu in zip(devices, cards, strict=True)}
    return found


def _card(gpu: Gpu, sight: EngineSight | None) -> VirtualGpu | None:
    card = as_card(gpu)
    return replace(card, driver_bytes=sight.driver_bytes.get(gpu.bus_id)) if card and sight else card


if __name__ == "__main__":
    sys.exit(main())
