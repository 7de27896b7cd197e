"""How many bytes of weights each device holds: every tensor in its place, padded as its buffer pads it.

The rules are llama.cpp's: token embeddings stay with the host, tied ones are stored again with the output
layer, and overrides go before layers. Knows nothing of caches and buffers for computing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate

from workbench.engine_settings import EngineSettings, TensorOverride
from workbench.errors import InvalidRequest
from workbench.gguf import Header, TensorInfo, layer_of
from workbench.memory import GpuApi, VirtualGpu
from workbench.planning.hyperparameters import Hyperparameters
from workbench.planning.placement import placement

EXPERTS = re.compile(r"ffn_(up|down|gate|gate_up)_(ch|)exps")
_INPUTS = ("token_embd.", "position_embd", "token_types", "per_layer_token_embd", "masked_embd")
_SHARED = ("rope_freqs", "rope_factors")
"""Stored once on each device that has layers."""
_WITHOUT_OUTPUT = {
    "bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3",
    "eurobert", "wavtokenizer-dec",
}  # fmt: skip
_NORM_AT_THE_END = {"lfm2", "lfm2moe"}
"""Where the norm that is named for the embeddings is the output's; elsewhere it goes with the first layer."""
_REPACKED = {"Q4_0", "Q4_K", "IQ4_NL", "MXFP4"}
"""Types that llama.cpp lays out anew for the CPU, so that a tied embedding is there twice."""
_ALIGNMENT: dict[GpuApi | None, int] = {
    "cuda": 128,
    "hip": 128,
    "metal": 32,
    "vulkan": 64,
    "rpc": 32,
    None: 32,
}
_ROW = 512
"""CUDA pads the last row of a quantized tensor to a multiple of this."""


def stored_bytes(tensor: TensorInfo, api: GpuApi | None) -> int:
    """Of a tensor in a buffer of that kind; None is the host's."""
    width = tensor.shape[0] if tensor.shape else 1
    size = tensor.size_bytes + row_padding(width, tensor.type.block_elements, tensor.type.block_bytes, api)
    return aligned(size, api)


def aligned(size: int, api: GpuApi | None) -> int:
    return -(-size // _ALIGNMENT[api]) * _ALIGNMENT[api]


def row_padding(width: int, block_elements: int, block_bytes: int, api: GpuApi | None) -> int:
    """Bytes behind the last row of so many elements."""
    rest = width % _ROW
    if api not in ("cuda", "hip") or block_elements == 1 or not rest:
        return 0
    return -(-(_ROW - rest) // block_elements) * block_bytes


@dataclass(slots=True)
class _Units:
    """Bytes by layer, the output layer last, summed from the first on, and those that follow no layer."""

    on_gpu: list[int]
    on_host: list[int]
    repacked: list[int]
    fixed: Counter[str] = field(default_factory=Counter)
    input: int = 0


@dataclass(frozen=True, slots=True)
class Placed:
    """Bytes on each GPU and on the host; `mapped` of the host's stay in their file, mapped."""

    devices: list[int]
    host: int
    mapped: int


class Weights:
    """The tensors of one model. Equal questions are answered from memory."""

    def __init__(self, header: Header, numbers: Hyperparameters) -> None:
        self._layers = numbers.layers
        self._first_norm = numbers.layers if numbers.architecture in _NORM_AT_THE_END else 0
        used = [(tensor, tensor.layer) for tensor in header.tensors]
        used = [(tensor, layer) for tensor, layer in used if layer is None or layer < max(numbers.trunk, 1)]
        self._shared = [tensor for tensor, _ in used if tensor.name.startswith(_SHARED)]
        self._tensors = [(tensor, layer) for tensor, layer in used if not tensor.name.startswith(_SHARED)]
        self._tied = None if numbers.architecture in _WITHOUT_OUTPUT else _tied(header)
        self.largest_expert_bytes = self._largest(experts=True)
        self.largest_dense_bytes = self._largest(experts=False)
        self._units: Callable[..., _Units] = lru_cache(maxsize=64)(self._summed)

    def placed(self, settings: EngineSettings, gpus: Sequence[VirtualGpu]) -> Placed:
        """Where the bytes are. Raises InvalidRequest for a pattern that is none."""
        held = placement(settings, gpus, self._layers)
        overrides = (settings.tensor_overrides, settings.experts_on_cpu)
        units = [self._units(overrides, gpu.api) for gpu in gpus] or [self._units(overrides, None)]
        devices = [
            _between(own.on_gpu, layers) + own.fixed[str(index)] + self._shared_bytes(gpu.api, layers)
            for index, (gpu, layers, own) in enumerate(zip(gpus, held, units, strict=False))
        ]
        first = held[0].start if held else self._layers + 1
        rest = range(first)
        host = units[0].input + units[0].fixed["host"] + _between(units[0].on_host, rest)
        host += self._shared_bytes(None, rest)
        return Placed(devices, host, host - (0 if gpus else _between(units[0].repacked, rest)))

    @property
    def expert_layers(self) -> int:
        """The first so many layers may have experts."""
        experts = (layer for tensor, layer in self._tensors if EXPERTS.search(tensor.name))
        return max((layer + 1 for layer in experts if layer is not None), default=0)

    def _largest(self, *, experts: bool) -> int:
        """Of the tensors in layers."""
        return max(
            (
                tensor.size_bytes
                for tensor, layer in self._tensors
                if layer is not None and bool(EXPERTS.search(tensor.name)) is experts
            ),
            default=0,
        )

    def _shared_bytes(self, api: GpuApi | None, layers: range) -> int:
        any_layer = layers.start < min(layers.stop, self._layers)
        return sum(stored_bytes(tensor, api) for tensor in self._shared) if any_layer else 0

    def _unit(self, name: str) -> int:
        """The layer that a tensor outside all layers goes with."""
        return self._first_norm if name.startswith("token_embd_norm") else self._layers

    def _summed(self, overrides: tuple[tuple[TensorOverride, ...], int], api: GpuApi | None) -> _Units:
        target = _targets(*overrides)
        on_gpu, on_host, repacked = ([0] * (self._layers + 1) for _ in range(3))
        units = _Units([], [], [])
        for tensor, layer in self._tensors:
            if (place := target(tensor.name)) is not None:
                units.fixed[place] += stored_bytes(tensor, None if place == "host" else api)
            elif layer is None and tensor.name.startswith(_INPUTS):
                units.input += stored_bytes(tensor, None)
            else:
                at = self._unit(tensor.name) if layer is None else layer
                on_gpu[at] += stored_bytes(tensor, api)
                on_host[at] += stored_bytes(tensor, None)
                repacked[at] += stored_bytes(tensor, None) if _is_repacked(tensor) else 0
        if self._tied is not None:
            on_gpu[-1] += stored_bytes(self._tied, api)
            if api is None and _is_repacked(self._tied):
                on_host[-1] += stored_bytes(self._tied, None)
                repacked[-1] += stored_bytes(self._tied, None)
        units.on_gpu, units.on_host, units.repacked = _sums(on_gpu), _sums(on_host), _sums(repacked)
        return units


def _is_repacked(tensor: TensorInfo) -> bool:
    return tensor.type.name in _REPACKED and len(tensor.shape) > 1 and tensor.shape[1] % 8 == 0


def _tied(header: Header) -> TensorInfo | None:
    named = {tensor.name: tensor for tensor in header.tensors}
    return None if "output.weight" in named else named.get("token_embd.weight")


def _targets(overrides: Iterable[TensorOverride], experts_on_cpu: int) -> Callable[[str], str | None]:
    """Where a tensor of that name is put whatever its layer: "host", a GPU's number, or None."""
    patterns = [(_compiled(one.pattern), _place(one.buffer)) for one in overrides]

    def target(name: str) -> str | None:
        for pattern, place in patterns:
            if pattern.search(name):
                return place
        layer = layer_of(name) if experts_on_cpu and EXPERTS.search(name) else None
        return "host" if layer is not None and layer < experts_on_cpu else None

    return target


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InvalidRequest(
            f"{pattern!r} is no regular expression: {error}.", "Check --tensor-override."
        ) from error


def _place(buffer: str) -> str:
    """A buffer's name as engines give it, such as CPU, CUDA_Host or CUDA1."""
    number = re.search(r"\d+$", buffer)
    return number[0] if number and "CPU" not in buffer.upper() else "host"


def _sums(values: Sequence[int]) -> list[int]:
    return [0, *accumulate(values)]


def _between(sums: Sequence[int], units: range) -> int:
    return sums[units.stop] - sums[units.start]
