"""What was measured before: every run kept, exchanged, and compared with those before it."""

from workbench.benchmark.history.record import BenchTest, RunRecord, SpeedRecord, recorded
from workbench.benchmark.history.store import RunStore

__all__ = ["BenchTest", "RunRecord", "RunStore", "SpeedRecord", "recorded"]
