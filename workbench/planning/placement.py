"""Which device each layer goes to, as llama.cpp divides them.

The output layer counts as one, comes last and is the first to be put on a GPU. Knows nothing of bytes.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise

from workbench.engine_settings import EngineSettings
from workbench.memory import VirtualGpu


def placement(settings: EngineSettings, gpus: Sequence[VirtualGpu], layers: int) -> list[range]:
    """The layers of each GPU, the output layer being number `layers`; what is left is the host's."""
    if not gpus:
        return []
    wanted = layers + 1 if settings.gpu_layers is None else min(settings.gpu_layers, layers + 1)
    first = layers + 1 - wanted
    ends = _ends(settings.split, gpus)
    devices = [min(bisect_right(ends, _single(at / wanted)), len(gpus) - 1) for at in range(wanted)]
    bounds = [first + bisect_right(devices, device) for device in range(-1, len(gpus))]
    return [range(start, end) for start, end in pairwise(bounds)]


def _ends(split: Sequence[float], gpus: Sequence[VirtualGpu]) -> list[float]:
    """Where each device's share ends, from 0 to 1, in the single precision that llama.cpp computes in."""
    shares = [*split, *[0.0] * len(gpus)][: len(gpus)] if split else [gpu.memory_bytes for gpu in gpus]
    ends = list(accumulate(shares, lambda sum, share: _single(sum + _single(share))))
    return [_single(end / ends[-1]) for end in ends] if ends[-1] > 0 else [1.0] * len(gpus)


def _single(value: float) -> float:
    rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    return rounded
