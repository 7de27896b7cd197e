"""What this machine is: processor, memory and graphics cards."""

from workbench.machine.gpus import Gpu
from workbench.machine.probe import Machine, machine

__all__ = ["Gpu", "Machine", "machine"]
