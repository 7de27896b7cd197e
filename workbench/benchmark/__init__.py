"""How fast a loaded model reads and writes, measured the way llama-bench does."""

from workbench.benchmark.measurement import Result, measure
from workbench.benchmark.workload import Workload

__all__ = ["Result", "Workload", "measure"]
