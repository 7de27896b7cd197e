"""What is run to tell a test: fewer tokens than it has, in the middle of them, since cost grows evenly.

Knows nothing of models.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from workbench.benchmark.workload import SpeedTest

_WRITTEN = 32
_FURTHER = 256
"""Nearer than this the middle of a test is no different from its beginning."""
_LEAST_READ, _LEAST_WRITTEN = 64, 8


@dataclass(frozen=True, slots=True)
class Probe:
    """`asked` is told by `run`, and by how much deeper `asked` lies: in its middle, `middle` tokens."""

    asked: SpeedTest
    run: SpeedTest
    middle: float

    @property
    def shallow(self) -> SpeedTest:
        """The same at the start of the context."""
        return replace(self.run, depth=0)

    @property
    def size(self) -> int:
        """Tokens that are read or written."""
        return self.run.prompt or self.run.generate

    @property
    def shorter(self) -> Probe:
        """Half as long, as far as that still says something."""
        prompt, generate = self.run.prompt // 2, self.run.generate // 2
        if (prompt and prompt < _LEAST_READ) or (generate and generate < _LEAST_WRITTEN):
            return self
        return replace(self, run=replace(self.run, prompt=prompt, generate=generate))


def probe(test: SpeedTest, micro_batch: int) -> Probe:
    """The probe for one test, where so many tokens are computed in one pass."""
    prompt, generate = min(test.prompt, micro_batch), min(test.generate, _WRITTEN)
    further = (test.prompt - prompt + test.generate - generate) / 2
    middle = test.depth + (further if further >= _FURTHER else 0)
    return Probe(test, SpeedTest(prompt, generate, round(middle)), middle)
