"""The energy that NVIDIA's cards have used, asked in a process of its own because a driver can hang.

    python -m workbench.machine.card_energy    answers each line of input with the millijoules of all cards

Knows nothing of who used it.
"""

from __future__ import annotations

import select
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from workbench.machine.nvml import SIGNS

_SECONDS = 5.0


class CardEnergy:
    """Asks one process again and again, since starting it takes longer than many a measurement."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "workbench.machine.card_energy"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def joules(self) -> float | None:
        """Of all cards since their driver was loaded; None where it does not tell, or takes too long."""
        asked, answered = self._process.stdin, self._process.stdout
        assert asked and answered
        with suppress(OSError, ValueError):
            asked.write(b"\n")
            asked.flush()
            if select.select([answered], [], [], _SECONDS)[0]:
                return int(answered.readline()) / 1000
        return None

    def close(self) -> None:
        """Idempotent. A process that waits inside a driver is left behind."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with suppress(OSError):
                    stream.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)


def opened(root: Path = Path("/")) -> CardEnergy | None:
    """None where there is no driver, or it does not tell."""
    if not any((root / sign).exists() for sign in SIGNS):
        return None
    cards = CardEnergy()
    if cards.joules() is not None:
        return cards
    cards.close()
    return None


def main() -> None:
    """Ends where no card tells."""
    import pynvml as nvml

    nvml.nvmlInit()
    every = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
    cards = [card for card in every if _counts(nvml, card)]
    for _ in sys.stdin if cards else ():
        print(sum(nvml.nvmlDeviceGetTotalEnergyConsumption(card) for card in cards), flush=True)


def _counts(nvml: Any, card: Any) -> bool:
    try:
        return bool(nvml.nvmlDeviceGetTotalEnergyConsumption(card))
    except nvml.NVMLError:
        return False


if __name__ == "__main__":
    main()
