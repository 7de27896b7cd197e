"""Where a model could go: GPUs with what is free on them, and main memory.

Of this machine as its engine sees it, or of one that a person describes by the names of its cards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from workbench.engine_device import EngineDevice
from workbench.errors import InvalidRequest
from workbench.machine import Gpu, Machine
from workbench.machine.cards import card, shared_memory
from workbench.machine.engines import EngineSight, engine_sight
from workbench.machine.gpus import as_card
from workbench.memory import VirtualGpu
from workbench.planning.budget import Budget

_UNKNOWN = 1 << 62
_IN_MAIN_MEMORY = ("integrated", "software")
Seen = Callable[[Sequence[str]], "Places"]
"""Makes places of the names of the GPUs that the engine uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The GPUs, each under a name of its own, and what may be taken of each memory.

    Attributes:
        virtual: Whether the cards were named by a person, and need not be here.
        notes: What is not known of them, in sentences.
    """

    cards: tuple[VirtualGpu, ...]
    budget: Budget
    virtual: bool
    notes: tuple[str, ...] = ()


def described(cards: Sequence[VirtualGpu], ram_bytes: int | None, here: Machine) -> Places:
    """A machine with these cards; without a size of its own its main memory is this machine's."""
    shared = max((shared_memory(one) or 0 for one in cards), default=0)
    notes = () if ram_bytes or shared else ("Main memory is counted as this machine's; --ram names another.",)
    budget = Budget(
        devices=tuple(one.memory_bytes for one in cards),
        host=ram_bytes or shared or here.ram_total,
        unified=any(one.unified for one in cards),
    )
    return Places(cards=_told_apart(cards), budget=budget, virtual=True, notes=notes)


def on_this_machine(
    backend: str,
    here: Machine,
    ram_bytes: int | None = None,
    most: int | None = None,
    rpc_servers: Sequence[str] = (),
) -> Seen:
    """This machine, with the GPUs that the engine uses; what is free on them is asked of the engine.

    `most` bytes may be taken in all. The servers' devices are among the GPUs.
    """

    def seen(names: Sequence[str]) -> Places:
        sight = engine_sight(backend, rpc_servers) if names else EngineSight()
        cards = tuple(_card(name, sight, here.gpus) for name in names)
        budget = Budget(
            devices=tuple(one.memory_bytes for one in cards),
            host=ram_bytes or here.ram_free,
            unified=any(one.unified for one in cards),
            most=most,
        )
        unknown = [one.name for one in cards if one.memory_bytes == _UNKNOWN]
        notes = tuple(f"How much memory is free on {name} is not known." for name in unknown)
        return Places(cards=cards, budget=budget, virtual=False, notes=notes)

    return seen


def _told_apart(cards: Sequence[VirtualGpu]) -> tuple[VirtualGpu, ...]:
    """Two cards of one name are called by number."""
    times, seen, named = Counter(one.name for one in cards), Counter[str](), []
    for one in cards:
        seen[one.name] += 1
        name = f"{one.name} #{seen[one.name]}" if times[one.name] > 1 else one.name
        named.append(replace(one, name=name))
    return tuple(named)


def _card(name: str, sight: EngineSight, gpus: Sequence[Gpu]) -> VirtualGpu:
    """The card as the system or the table knows it, under the engine's name, with what is free of it."""
    device = next((one for one in sight.devices if one.name == name), EngineDevice(name=name))
    same = [gpu for gpu in gpus if gpu.bus_id and gpu.bus_id == device.bus_id]
    known = (as_card(same[0]) if same else None) or _published(device)
    free = device.memory_free or (same[0].memory_free if same else None)
    return replace(
        known,
        name=name,
        memory_bytes=free or _UNKNOWN,
        unified=known.unified or device.kind in _IN_MAIN_MEMORY,
        driver_bytes=sight.driver_bytes.get(device.bus_id),
    )


def _published(device: EngineDevice) -> VirtualGpu:
    if device.kind == "rpc":
        return VirtualGpu(name=device.name, memory_bytes=_UNKNOWN, api="rpc")
    try:
        return card(device.description)
    except InvalidRequest:
        return VirtualGpu(name=device.name, memory_bytes=_UNKNOWN, api="vulkan")
