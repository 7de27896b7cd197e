"""What this machine is: processor, memory and graphics cards."""

from workbench.machine.gpus import Gpu, GpuProcess
from workbench.machine.probe import Machine, machine

__all__ = ["Gpu", "GpuProcess", "Machine", "machine"]
