"""What a context takes, from llama.cpp's log and the header, where its own answer cannot be read.

The log tells each layer's device, and the sizes of caches, states and compute buffers to a hundredth of a
MiB; weights are added up from the header by the layers' devices. A cache over several devices is divided
evenly by layers. Knows the sentences of the pinned version.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from workbench.gguf import Header, TensorInfo
from workbench.memory import DeviceMemory
from workbench_llama_cpp.devices import Device
from workbench_llama_cpp.estimating.placement import HOST

NOTE = "Sizes are read from llama.cpp's log and the header: they are right to a hundredth of a MiB or so."
_ALIGNMENT = 128
_MIB = 2**20
_ASSIGNED = re.compile(r"layer +(\d+) assigned to device (\S+?),")
_OVERRIDDEN = re.compile(r"tensor (\S+) \(.*buffer type overridden to (\S+)")
_CACHED = re.compile(r"[:,] layer +\d+: dev = (\S+)")
_CACHE_SIZE = re.compile(r"^llama_(?:kv_cache|memory)\S*: size = +([\d.]+) MiB")
_COMPUTE = re.compile(r"^sched_reserve: +(\S+) compute buffer size = +([\d.]+) MiB")
_LAYER = re.compile(r"blk\.(\d+)\.")


def logged(
    header: Header, loading: str, reserving: str, cards: Sequence[Device]
) -> tuple[tuple[DeviceMemory, ...], DeviceMemory]:
    """What is on each card, and on the host, from what was logged while loading and then while reserving."""
    weights = _weights(header, loading)
    contexts, compute = _contexts(reserving.splitlines()), _compute(reserving)
    own = {name for card in cards for name in (card.name, card.buffer_name)}

    def on(name: str, *aliases: str) -> DeviceMemory:
        names = {name, *aliases}
        return DeviceMemory(
            name=name,
            weights_bytes=sum(weights[one] for one in names),
            context_bytes=sum(contexts[one] for one in names),
            compute_bytes=sum(compute[one] for one in names),
            mapped_bytes=sum(weights[one] for one in names) if name == HOST else 0,
        )

    others = {*weights, *contexts, *compute} - own
    return tuple(on(card.name, card.buffer_name) for card in cards), on(HOST, *others)


def _weights(header: Header, loading: str) -> Counter[str]:
    """Bytes by device or buffer name."""
    layers = {int(layer): device for layer, device in _ASSIGNED.findall(loading)}
    overridden = dict(_OVERRIDDEN.findall(loading))
    output = layers[max(layers)] if layers else HOST
    found: Counter[str] = Counter()
    for tensor in header.tensors:
        layer = _LAYER.match(tensor.name)
        usual = layers.get(int(layer[1]), HOST) if layer else output
        place = HOST if tensor.name.startswith("token_embd") else usual
        found[overridden.get(tensor.name, place)] += _padded(tensor)
    if output != HOST and not any(tensor.name == "output.weight" for tensor in header.tensors):
        tied = (tensor for tensor in header.tensors if tensor.name == "token_embd.weight")
        found[output] += sum(map(_padded, tied))
    return found


def _contexts(lines: Iterable[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    layers: Counter[str] = Counter()
    for line in lines:
        if layer := _CACHED.search(line):
            layers[layer[1]] += 1
        elif (size := _CACHE_SIZE.match(line)) and layers:
            for device, count in layers.items():
                found[device] += round(float(size[1]) * _MIB * count / layers.total())
            layers.clear()
    return found


def _compute(reserving: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for line in reserving.splitlines():
        if size := _COMPUTE.match(line):
            found[size[1]] += round(float(size[2]) * _MIB)
    return found


def _padded(tensor: TensorInfo) -> int:
    return -(-tensor.size_bytes // _ALIGNMENT) * _ALIGNMENT
