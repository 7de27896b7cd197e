"""Where the values of a tensor come from: matrices read in blocks of rows, and what can be done to them.

A tensor of any shape is seen as its rows, each of the last dimension's length; a vector is a column of rows
of one element. Nothing is read before it is asked for, and no more than the rows asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from math import prod

import numpy as np
from numpy.typing import NDArray

from workbench.conversion.element_types import ELEMENT_TYPES, Floats
from workbench.conversion.safetensors_file import StoredTensor


class Source(ABC):
    """A tensor of `shape`, last dimension fastest, whose rows can be read as 32-bit floats."""

    shape: tuple[int, ...]

    @property
    def columns(self) -> int:
        return self.shape[-1] if len(self.shape) > 1 else 1

    @property
    def rows(self) -> int:
        return prod(self.shape[:-1]) if len(self.shape) > 1 else prod(self.shape)

    @abstractmethod
    def read(self, first: int, last: int) -> Floats:
        """Rows `first` up to `last`: (rows, columns). Raises InvalidModel."""

    def whole(self) -> Floats:
        """All of it in its shape, for what is known to be small."""
        return self.read(0, self.rows).reshape(self.shape)


class Stored(Source):
    """What a file holds."""

    def __init__(self, tensor: StoredTensor) -> None:
        self.tensor = tensor
        self.shape = tensor.shape

    def read(self, first: int, last: int) -> Floats:
        return ELEMENT_TYPES[self.tensor.type].floats(self.tensor.elements(first, last))


class Scaled(Source):
    """A quantized matrix times its scales: one for all, one for each row, or one for each block."""

    def __init__(self, weight: Source, scales: Floats, block: tuple[int, int]) -> None:
        self.weight, self.scales, self.block = weight, scales, block
        self.shape = weight.shape

    def read(self, first: int, last: int) -> Floats:
        rows = np.arange(first, last) // self.block[0]
        columns = np.arange(self.columns) // self.block[1]
        return self.weight.read(first, last) * self.scales[np.ix_(rows, columns)]


class Given(Source):
    """Values that were computed."""

    def __init__(self, values: Floats) -> None:
        self.values = values
        self.shape = values.shape

    def read(self, first: int, last: int) -> Floats:
        return self.values.reshape(self.rows, self.columns)[first:last]


class Changed(Source):
    """Another's values, each changed on its own."""

    def __init__(self, source: Source, change: Callable[[Floats], Floats]) -> None:
        self.source, self.change = source, change
        self.shape = source.shape

    def read(self, first: int, last: int) -> Floats:
        return self.change(self.source.read(first, last))


class Rows(Source):
    """Some of another's rows, in an order of their own, as a tensor of `shape`."""

    def __init__(self, source: Source, order: NDArray[np.int64], shape: tuple[int, ...]) -> None:
        self.source, self.order = source, order
        self.shape = shape

    def read(self, first: int, last: int) -> Floats:
        order = self.order[first:last]
        start = int(order.min())
        return self.source.read(start, int(order.max()) + 1)[order - start]


class Stack(Source):
    """Tensors of one shape along a new first dimension."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = sources
        self.shape = (len(sources), *sources[0].shape)
        self._starts = list(accumulate((source.rows for source in sources), initial=0))

    def read(self, first: int, last: int) -> Floats:
        blocks = []
        while first < last:
            index = bisect_right(self._starts, first) - 1
            start, end = self._starts[index], min(last, self._starts[index + 1])
            blocks.append(self.sources[index].read(first - start, end - start))
            first = end
        return np.concatenate(blocks)


class Transposed(Source):
    """A matrix, or each of several, with rows and columns changed over."""

    def __init__(self, source: Source) -> None:
        *before, height, width = source.shape
        self.source, self.height, self.width = source, height, width
        self.shape = (*before, width, height)

    def read(self, first: int, last: int) -> Floats:
        blocks = []
        for matrix in range(first // self.width, (last - 1) // self.width + 1):
            start = matrix * self.width
            turned = self.source.read(matrix * self.height, (matrix + 1) * self.height).T
            blocks.append(turned[max(first - start, 0) : last - start])
        return np.concatenate(blocks)


class Merged(Source):
    """A matrix with a low-rank change added: `left` (rows, rank) times `right` (rank, columns)."""

    def __init__(self, source: Source, left: Source, right: Source, scale: float) -> None:
        self.source, self.left, self.scale = source, left, scale
        self.right = right
        self.shape = source.shape

    def read(self, first: int, last: int) -> Floats:
        change = self.left.read(first, last) @ self.right.whole()
        return self.source.read(first, last) + np.float32(self.scale) * change
