"""How many bytes a model reads for each token, layer by layer: what writing is bound by.

By the header alone. Of experts only those count that a token is sent to. Knows nothing of time.
"""

from __future__ import annotations

from itertools import accumulate

from workbench.engine_settings import EngineSettings
from workbench.gguf import Header, TensorInfo
from workbench.planning.cache import row_bytes
from workbench.planning.hyperparameters import Hyperparameters
from workbench.planning.layers import Layer, layers
from workbench.planning.weights import EXPERTS

_LOOKED_UP = ("token_embd.", "per_layer_token_embd", "position_embd", "token_types")
"""Of which one row is read for each token."""
_STATE_BYTES = 2 * 4
"""Recurrent states are read and written, as F32."""


class Traffic:
    """Raises InvalidModel for a header that gives no shape, when it is made.

    Attributes:
        layers: Those that every token passes.
        stored_inside: Bytes of the weights in these layers.
        outside: Bytes that a token reads of those outside the layers, the output matrix above all.
        kinds: For each layer a number that is the same for layers that cost the same.
    """

    def __init__(self, header: Header, settings: EngineSettings) -> None:
        numbers = Hyperparameters(header)
        self._settings = settings
        self._used = _share_of_experts(numbers)
        self.layers = max(numbers.trunk, 1)
        self._kept = layers(numbers)[: self.layers]
        inside: list[list[TensorInfo]] = [[] for _ in range(self.layers)]
        for tensor in header.tensors:
            if tensor.layer is not None and tensor.layer < self.layers:
                inside[tensor.layer].append(tensor)
        self.outside = _outside(header)
        self.stored_inside = sum(tensor.size_bytes for of in inside for tensor in of)
        self.kinds = _numbered([_kind(of, kept) for of, kept in zip(inside, self._kept, strict=True)])
        experts = [[tensor for tensor in of if EXPERTS.search(tensor.name)] for of in inside]
        self._weights = [0, *accumulate(sum(map(self._read, of)) for of in inside)]
        self._experts = [0, *accumulate(sum(map(self._read, of)) for of in experts)]

    def weights(self, over: range) -> int:
        """Bytes of the weights of these layers that one token reads."""
        return self._weights[over.stop] - self._weights[over.start]

    def experts(self, over: range) -> int:
        """Of these bytes, those of experts."""
        return self._experts[over.stop] - self._experts[over.start]

    def kept(self, over: range, depth: float) -> float:
        """Bytes of the cache that these layers read for a token which comes after `depth` others."""
        return sum(self._kept_by(self._kept[layer], depth) for layer in over)

    @property
    def widest_first(self) -> int:
        """The layers up to the first one that sees as far back as any does."""
        views = [self._kept_by(kept, float("inf")) for kept in self._kept]
        return views.index(max(views)) + 1

    def _read(self, tensor: TensorInfo) -> int:
        return int(tensor.size_bytes * (self._used if EXPERTS.search(tensor.name) else 1))

    def _kept_by(self, kept: Layer, depth: float) -> float:
        settings = self._settings
        row = row_bytes(settings.kv_type_k, kept.keys) + row_bytes(settings.kv_type_v, kept.values)
        seen = depth if kept.window is None else min(depth, kept.window)
        return (row * seen if row else 0) + _STATE_BYTES * kept.state


def _share_of_experts(numbers: Hyperparameters) -> float:
    every, used = numbers.number("expert_count"), numbers.number("expert_used_count")
    return used / every if 0 < used < every else 1.0


def _outside(header: Header) -> int:
    found = {tensor.name: tensor.size_bytes for tensor in header.tensors if tensor.layer is None}
    tied = 0 if "output.weight" in found else found.get("token_embd.weight", 0)
    return tied + sum(size for name, size in found.items() if not name.startswith(_LOOKED_UP))


def _numbered(kinds: list[object]) -> tuple[int, ...]:
    known: dict[object, int] = {}
    return tuple(known.setdefault(kind, len(known)) for kind in kinds)


def _kind(tensors: list[TensorInfo], kept: Layer) -> object:
    described = sorted((tensor.name.split(".", 2)[-1], tensor.shape, tensor.type.name) for tensor in tensors)
    return tuple(described), kept
