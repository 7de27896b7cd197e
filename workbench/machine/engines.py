"""The devices as each engine sees them, asked in a process that ends soon after: looking at a GPU holds it.

    python -m workbench.machine.engines NAME [HOST:PORT...]    prints one backend's devices as JSON

The bare process is measured too, in main memory and on each card, for what an engine and a driver take before
anything is loaded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec

from workbench import registry
from workbench.engine_device import EngineDevice
from workbench.errors import WorkbenchError
from workbench.machine.asking import Unanswered, answer_of
from workbench.machine.gpus import gpus
from workbench.machine.measurements import keep, recall
from workbench.machine.process_memory import HostMemory, card_memory, host_memory

_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class EngineSight:
    """What one engine sees, and what its process takes by itself; or why that cannot be told.

    `driver_bytes` is by the card's place; cards that do not tell what a process holds are left out.
    """

    devices: tuple[EngineDevice, ...] = ()
    bare_process: HostMemory | None = None
    driver_bytes: dict[str, int] = field(default_factory=dict)
    problem: str = ""


def engine_sight(name: str, rpc_servers: Sequence[str] = (), seconds: float = _SECONDS) -> EngineSight:
    """The servers' devices too. Never raises; a backend that crashes or hangs is a problem in a sentence."""
    try:
        answer = answer_of("workbench.machine.engines", name, *rpc_servers, seconds=seconds)
        return msgspec.json.decode(answer, type=EngineSight)
    except Unanswered as error:
        return EngineSight(problem=f"{name} could not tell its devices. {error}")
    except msgspec.MsgspecError:
        return EngineSight(problem=f"{name} could not tell its devices: its answer cannot be read.")


def engine_sights(names: Iterable[str], rpc_servers: Sequence[str] = ()) -> dict[str, EngineSight]:
    """All at once, each in a process of its own; servers serve one after the other."""
    asked = list(names)
    with ThreadPoolExecutor(max_workers=max(1, len(asked))) as pool:
        return dict(zip(asked, pool.map(lambda name: engine_sight(name, rpc_servers), asked), strict=True))


def remember(name: str, sight: EngineSight) -> None:
    """Keep what the engine's process holds before it has loaded anything; every prediction contains it."""
    if sight.bare_process is not None:
        keep(f"bare process of {name}", sys.version, sight.bare_process.anonymous)


def bare_process(name: str) -> int | None:
    """Bytes, as last measured with this Python."""
    known = recall(f"bare process of {name}", sys.version)
    return int(known.value) if known else None


def main() -> None:
    answer = os.dup(1)
    os.dup2(2, 1)  # what an engine library prints must not reach the answer
    try:
        backend, servers, here = registry.load(sys.argv[1]), sys.argv[2:], os.getpid()
        devices = backend.devices(servers) if servers else backend.devices()
        found = EngineSight(devices, host_memory(here), card_memory(here, gpus()))
    except WorkbenchError as error:
        found = EngineSight(problem=str(error))
    with os.fdopen(answer, "wb") as stream:
        stream.write(msgspec.json.encode(found))
        stream.flush()
    os._exit(0)  # a driver may hang or crash while it is unloaded, and the answer is out


if __name__ == "__main__":
    main()
