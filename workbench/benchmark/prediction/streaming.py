"""What the disk adds where weights find no room in memory: they are read from it again for each pass.

Knows the speed of the disk that models are kept on, and nothing of how the rest was measured.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench import paths, wording
from workbench.benchmark.prediction.traffic import Traffic
from workbench.benchmark.workload import SpeedTest
from workbench.engine_settings import EngineSettings
from workbench.gguf import Header
from workbench.machine import disk


@dataclass(frozen=True, slots=True)
class Streaming:
    """Bytes that one pass reads from the disk, at least and at most.

    Attributes:
        writing: In passes that write one token; `reading` in those that read `micro_batch` of a prompt.
        bytes_per_second: The disk's speed.
    """

    writing: tuple[float, float] = (0.0, 0.0)
    reading: tuple[float, float] = (0.0, 0.0)
    micro_batch: int = 1
    bytes_per_second: float = 1.0
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, header: Header, settings: EngineSettings, paged_bytes: int) -> Streaming:
        """Measures the disk where something has to be read from it. Raises WorkbenchError if it cannot be.

        At least what has no room is read each time, and at most all, since what is read once around is gone
        by the time it comes again.
        """
        if not paged_bytes:
            return cls()
        folder = paths.models_folder()
        speed = (disk.recalled(folder) or disk.measure(folder)).value
        traffic, every = Traffic(header, settings), header.weights_bytes
        for_one = traffic.outside + traffic.weights(range(traffic.layers))
        note = (
            f"{wording.size(paged_bytes)} of the weights find no room in memory and are read from the disk "
            f"again and again, at {wording.size(int(speed))} a second as measured: a wide guess."
        )
        share = for_one / every
        return cls((paged_bytes * share, for_one), (paged_bytes, every), settings.micro_batch, speed, (note,))

    def seconds(self, test: SpeedTest) -> tuple[float, float]:
        """What it adds to each token of the test, at least and at most."""
        (least, most), tokens = self.writing, 1
        if test.prompt:
            (least, most), tokens = self.reading, min(test.prompt, self.micro_batch)
        return least / self.bytes_per_second / tokens, most / self.bytes_per_second / tokens
