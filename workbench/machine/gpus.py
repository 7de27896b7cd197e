"""The graphics cards that the system knows of, found without loading an engine.

Knows nothing of what an engine can use; an engine built without the right library sees none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Gpu:
    """A card's name and memory in bytes; None where the driver does not say without a further library."""

    name: str
    memory: int | None = None


def gpus(driver: Path = Path("/proc/driver/nvidia")) -> tuple[Gpu, ...]:
    return _from_management_library() or _from_driver(driver)


def _from_management_library() -> tuple[Gpu, ...]:
    try:
        import pynvml
    except ImportError:
        return ()
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return tuple(
            Gpu(_decoded(pynvml.nvmlDeviceGetName(handle)), int(pynvml.nvmlDeviceGetMemoryInfo(handle).total))
            for handle in handles
        )
    except pynvml.NVMLError:
        return ()
    finally:
        pynvml.nvmlShutdown()


def _decoded(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name


def _from_driver(driver: Path) -> tuple[Gpu, ...]:
    found = []
    for information in sorted(driver.glob("gpus/*/information")):
        try:
            lines = information.read_text(errors="replace").splitlines()
        except OSError:
            continue
        found += [Gpu(line.partition(":")[2].strip()) for line in lines if line.startswith("Model:")]
    return tuple(found)
