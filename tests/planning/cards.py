"""Cards for the tests, as a person would name them, and machines that have none."""

from __future__ import annotations

from workbench.machine import Machine
from workbench.memory import VirtualGpu

GIB = 2**30
RTX_4090 = VirtualGpu(name="RTX 4090", memory_bytes=24 * GIB, multiprocessors=128, compute_capability=(8, 9))
RTX_3060 = VirtualGpu(name="RTX 3060", memory_bytes=12 * GIB, multiprocessors=28, compute_capability=(8, 6))
LARGE = VirtualGpu(name="Large", memory_bytes=800 * GIB, multiprocessors=128, compute_capability=(8, 9))
HERE = Machine("cpu", 1, 1, 64 * GIB, 64 * GIB, "Linux x86_64")
