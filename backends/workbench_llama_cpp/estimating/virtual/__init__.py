"""GPUs that are not there, for llama.cpp to plan memory with.

A device is a structure of callbacks, written here against ggml's device interface. llama.cpp's own loader,
scheduler and allocator then compute what a model takes on it, and nothing is allocated on its behalf.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from workbench.errors import InvalidRequest
from workbench.memory import VirtualGpu
from workbench_llama_cpp.estimating.virtual.device import virtual_device
from workbench_llama_cpp.estimating.virtual.failures import raised_afterwards
from workbench_llama_cpp.estimating.virtual.layout import check_layout

MOST_GPUS = 15  # and the CPU: llama.cpp ends the process when there is one more


@contextmanager
def virtual_devices(gpus: Sequence[VirtualGpu]) -> Iterator[list[int]]:
    """The handles of these cards, for llama_model_params.devices with no_alloc and without mmap.

    They report all their memory as free. A model may outlive the block, but what goes wrong within a card's
    answers is raised where the block ends.

    Raises Unsupported where llama.cpp is not of the version that this was written for, and InvalidRequest for
    more cards than it takes.
    """
    check_layout()
    if len(gpus) > MOST_GPUS:
        raise InvalidRequest(
            f"A model cannot be spread over {len(gpus)} GPUs.", f"Name at most {MOST_GPUS} of them."
        )
    with raised_afterwards():
        numbers: Counter[str] = Counter()
        handles = []
        for place, gpu in enumerate(gpus):
            handles.append(virtual_device(gpu, place, numbers[gpu.api]).handle)
            numbers[gpu.api] += 1
        yield handles
