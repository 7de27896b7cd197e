"""What the processor and the cards have used of energy, as far as the system counts it.

Linux counts the processor's where its makers let it (RAPL), which usually only root may read; NVIDIA's driver
counts its cards'. Files are looked for below a root. Knows nothing of who used it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from workbench.machine import card_energy

_COUNTED = ("package", "dram")
"""The memory is not within its package; cores and the like are."""


class EnergyMeter:
    """A count that only grows. Holds a process where there are NVIDIA cards, until it is closed."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._zones = [zone for zone in map(_Zone, _zones(root)) if zone.counts]
        self._cards = card_energy.opened(root)

    def joules(self) -> float | None:
        """Since the meter was made, and some more; None where nothing is counted."""
        cards = self._cards.joules() if self._cards else None
        if cards is None and self._cards:
            self.close()
            self._cards, self._zones = None, []  # a sum without what it had before would count backwards
        if not self._zones and cards is None:
            return None
        return sum(zone.joules() for zone in self._zones) + (cards or 0.0)

    def close(self) -> None:
        """Idempotent."""
        if self._cards:
            self._cards.close()


class _Zone:
    """One counter of microjoules, which begins anew at its end."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "energy_uj"
        self._range = _number(folder / "max_energy_range_uj") or 0
        self._last = _number(self._file)
        self._total = 0

    @property
    def counts(self) -> bool:
        return self._last is not None

    def joules(self) -> float:
        now = _number(self._file)
        if now is not None and self._last is not None:
            self._total += now - self._last + (self._range if now < self._last else 0)
            self._last = now
        return self._total / 1e6


def _zones(root: Path) -> list[Path]:
    power = root / "sys" / "class" / "powercap"
    return [
        folder
        for folder in sorted(power.glob("*-rapl:*"))
        if _text(folder / "name").partition("-")[0] in _COUNTED
    ]


def _number(file: Path) -> int | None:
    text = _text(file)
    return int(text) if text.isdecimal() else None


def _text(file: Path) -> str:
    with suppress(OSError):
        return file.read_text().strip()
    return ""
