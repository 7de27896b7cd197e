"""The numbers that a header gives for a model's shape, each checked before anything is computed with it.

Raises InvalidModel where a number is missing that no default stands for, or where one cannot be. Knows the
names of the keys and no architecture.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.errors import InvalidModel
from workbench.gguf import Array, Header

MOST_LAYERS = 512
"""llama.cpp's LLAMA_MAX_LAYERS."""
_MOST = 1 << 32


class Hyperparameters:
    """Numbers of one header, by their names without the architecture in front."""

    def __init__(self, header: Header) -> None:
        self.architecture = header.architecture
        self.file = header.source_name
        self._metadata = header.metadata
        self.layers = self.required("block_count")
        if not 0 < self.layers <= MOST_LAYERS:
            raise self._wrong("block_count", f"{self.layers}; a model has 1 to {MOST_LAYERS} layers")
        self.embedding = self.required("embedding_length")
        self.trunk = self.layers - self.number("nextn_predict_layers")
        """Layers that every token passes; those behind it only guess further tokens and are not loaded."""
        if self.trunk < 0:
            raise self._wrong("nextn_predict_layers", f"more than its {self.layers} layers")

    def required(self, name: str) -> int:
        found = self.number(name, -1)
        if found < 0:
            raise InvalidModel(
                f"{self.file} does not say its {self.architecture}.{name}.", "Get it from another source."
            )
        return found

    def number(self, name: str, default: int = 0) -> int:
        """A count, or the first of several; `default` where there is none."""
        found = self._found(name)
        if isinstance(found, Array):
            found = found[0] if len(found) else None
        return default if found is None else self._count(name, found)

    def is_given(self, name: str) -> bool:
        return self._found(name) is not None

    def is_listed(self, name: str) -> bool:
        """Whether each layer has a number of its own."""
        return isinstance(self._found(name), Array)

    def per_layer(self, name: str, default: Sequence[int]) -> Sequence[int]:
        """One count for each layer, from an array or from one number for all."""
        found = self._found(name)
        if found is None:
            return default
        if not isinstance(found, Array):
            return [self._count(name, found)] * self.layers
        if len(found) < self.layers:
            raise self._wrong(name, f"{len(found)} numbers for {self.layers} layers")
        return [self._count(name, one) for one in found[: self.layers]]

    def _found(self, name: str) -> object:
        return self._metadata.get(f"{self.architecture}.{name}")

    def _count(self, name: str, value: object) -> int:
        if not isinstance(value, int) or not 0 <= value < _MOST:  # bool is int: patterns are arrays of it
            raise self._wrong(name, "no count")
        return int(value)

    def _wrong(self, name: str, what: str) -> InvalidModel:
        return InvalidModel(
            f"{self.file} gives {what} as its {self.architecture}.{name}.", "Get it from another source."
        )
