"""Stands in for the few parts of torch that the engine touches: arrays of numpy with its names for them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

long, half, bool_, int32 = np.int64, np.float16, np.bool_, np.int32
float = np.float32
cuda = SimpleNamespace(
    device_count=lambda: 1,
    get_device_name=lambda number: "Double",
    mem_get_info=lambda number: (6 << 30, 8 << 30),
)


class Tensor(np.ndarray):
    device = SimpleNamespace(type="cpu")

    def float(self) -> Tensor:
        return self.astype(np.float32)

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> np.ndarray[Any, Any]:
        return np.asarray(self)

    def clone(self) -> Tensor:
        return self.copy()


def tensor(values: Any, dtype: Any = None) -> Tensor:
    return np.array(values, dtype).view(Tensor)


def zeros(shape: tuple[int, ...], dtype: Any) -> Tensor:
    return np.zeros(shape, dtype).view(Tensor)


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    return array.view(Tensor)
