"""How fast a loaded model reads and writes, measured the way llama-bench does, and as its users have it."""

from workbench.benchmark.measurement import measure, run
from workbench.benchmark.result import Result, Run
from workbench.benchmark.workload import Workload

__all__ = ["Result", "Run", "Workload", "measure", "run"]
