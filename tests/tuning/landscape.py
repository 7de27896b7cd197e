"""Speeds of a made-up machine: a function of the settings, with noise on top."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from math import exp

from workbench.engine_settings import EngineSettings
from workbench.errors import EngineDied
from workbench.tuning.knob import Choice, Knob

KNOBS = (
    Knob("threads", tuple(Choice(str(n or 8), {"threads": n}) for n in (None, 1, 2, 4, 6, 7, 12, 16))),
    Knob("micro-batch", tuple(Choice(str(n), {"micro_batch": n}) for n in (512, 64, 128, 256, 1024))),
    Knob("flash attention", tuple(Choice(n, {"flash_attention": n}) for n in ("auto", "off"))),
    Knob("speculation", tuple(Choice(n or "off", {"speculation": n}) for n in (None, "ngram"))),
)
USUAL = EngineSettings(context_length=4096)


@dataclass
class Landscape:
    """Measures settings: `speed` says how fast they are, `noise` is how far off one measurement is.

    `drift` slows everything down from one measurement to the next; `deadly` settings end the engine.
    """

    speed: Callable[[EngineSettings], float]
    noise: float = 0.0
    drift: float = 0.0
    seed: int = 0
    deadly: Callable[[EngineSettings], bool] = lambda settings: False
    measured: list[EngineSettings] = field(default_factory=list)
    renewed: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    async def renew(self) -> None:
        self.renewed += 1

    async def __call__(self, settings: EngineSettings, turn: int) -> float:
        if self.deadly(settings):
            raise EngineDied("The engine died.")
        self.measured.append(settings)
        wobble = self._random.gauss(0, self.noise) + abs(self._random.gauss(0, self.noise))
        return self.speed(settings) * exp(-wobble - self.drift * len(self.measured))
