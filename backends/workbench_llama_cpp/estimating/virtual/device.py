"""A GPU that is not there, as ggml sees it: a structure of callbacks.

llama.cpp keeps pointers to the structures and callbacks for as long as a model lives that was loaded with the
device, and nothing tells when that ends. So a device, once made, stays until the process ends, and the same
card at the same place is the same device again.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

from workbench.memory import VirtualGpu
from workbench_llama_cpp.estimating.virtual import names, structures
from workbench_llama_cpp.estimating.virtual.buffer_type import device_buffer_type, host_buffer_type
from workbench_llama_cpp.estimating.virtual.failures import guarded
from workbench_llama_cpp.estimating.virtual.profiles import Profile, profile
from workbench_llama_cpp.estimating.virtual.rules import Rule
from workbench_llama_cpp.estimating.virtual.structures import Buffer, OptimizeParameters, Tensor

_peers: dict[str, set[int]] = {}
"""The buffer types of all devices, by family."""


@cache
def virtual_device(gpu: VirtualGpu, place: int, number: int) -> VirtualDevice:
    """The device of that card: at that place of all devices, with that number within its family."""
    return VirtualDevice(gpu, place, number)


class VirtualDevice:
    """One card. `handle` is what llama.cpp takes as a device."""

    def __init__(self, gpu: VirtualGpu, place: int, number: int) -> None:
        self._profile = profile(gpu)
        self._memory = gpu.memory_bytes
        self._type = structures.INTEGRATED_GPU if _shares_memory(gpu) else structures.GPU
        self._name = _text(f"{self._profile.family}{number}")
        self._description = _text(gpu.name)
        self._identity = _text(f"ffff:{place:02x}:00.0")
        self._guid = (ctypes.c_uint8 * 16)(*b"virtual device", place >> 8 & 255, place & 255)
        self._rules = _compiled(self._profile)
        self._buffer_type = device_buffer_type(self._name, self._profile)
        self._host_name = _text(f"{self._profile.family}_Host")
        self._host = host_buffer_type(self._host_name, self._profile) if self._profile.pinned else None
        self._streams: dict[int, structures.Backend] = {}
        self._registry = self._make_registry()
        self._device = self._make_device()
        self._join()
        self.handle = ctypes.addressof(self._device)

    def _join(self) -> None:
        """Make the parts point at each other."""
        address = ctypes.addressof(self._device)
        self._device.reg = ctypes.addressof(self._registry)
        self._buffer_type.device = address
        if self._host:
            self._host.device = address
        _peers.setdefault(self._profile.family, set()).add(ctypes.addressof(self._buffer_type))

    def _make_registry(self) -> structures.Registry:
        family = _text(self._profile.family)
        return structures.Registry(
            api_version=structures.API_VERSION,
            get_name=structures.GetName(lambda registry: ctypes.addressof(family)),
            get_device_count=structures.GetSize(lambda registry: 1),
            get_device=structures.GetDevice(lambda registry, index: ctypes.addressof(self._device)),
            get_proc_address=structures.GetFunction(lambda registry, name: None),
        )

    def _make_device(self) -> structures.Device:
        own = ctypes.addressof(self._buffer_type)
        host = ctypes.addressof(self._host) if self._host else None
        usable = {own, host} if self._type == structures.INTEGRATED_GPU else {own}
        self._stream_name = structures.GetName(lambda stream: ctypes.addressof(self._name))
        self._free_stream = structures.FreeBuffer(lambda stream: self._streams.pop(stream, None) and None)
        self._optimize = structures.OptimizeGraph(guarded(self._keep_fused, _nothing))
        return structures.Device(
            get_name=structures.GetName(lambda device: ctypes.addressof(self._name)),
            get_description=structures.GetName(lambda device: ctypes.addressof(self._description)),
            get_memory=structures.GetMemory(self._tell_memory),
            get_type=structures.GetType(lambda device: self._type),
            get_props=structures.GetProperties(guarded(self._tell_properties, _nothing)),
            init_backend=structures.InitBackend(guarded(self._open_stream, _nothing)),
            get_buffer_type=structures.GetBufferType(lambda device: own),
            get_host_buffer_type=structures.GetBufferType(lambda device: host),
            supports_op=structures.AskAbout(guarded(self._supports, _yes)),
            supports_buft=structures.AskAbout(lambda device, buffer_type: buffer_type in usable),
            offload_op=structures.AskAbout(guarded(self._moves, _no)),
        )

    def _tell_memory(self, device: int, free: Any, total: Any) -> None:
        free[0] = total[0] = self._memory

    def _tell_properties(self, device: int, told: Any) -> None:
        properties = told[0]
        properties.name = ctypes.addressof(self._name)
        properties.description = ctypes.addressof(self._description)
        properties.memory_free = properties.memory_total = self._memory
        properties.type = self._type
        properties.device_id = ctypes.addressof(self._identity)
        properties.asynchronous = properties.events = True
        properties.host_buffer = self._host is not None
        properties.buffer_from_host_ptr = False
        properties.mmap_support = self._type == structures.GPU

    def _open_stream(self, device: int, parameters: int | None) -> int | None:
        stream = structures.Backend(
            guid=ctypes.addressof(self._guid),
            get_name=self._stream_name,
            free=self._free_stream,
            device=device,
        )
        if self._profile.keep_fused:
            stream.graph_optimize = self._optimize
        address = ctypes.addressof(stream)
        self._streams[address] = stream
        return address

    def _supports(self, device: int, node: int) -> bool:
        tensor = Tensor.from_address(node)
        if self._profile.refuses_peers and self._reads_peer(tensor):
            return False
        rule = self._rules.get(tensor.op)
        return rule is not None and rule(tensor)

    def _reads_peer(self, tensor: Tensor) -> bool:
        peers = _peers[self._profile.family]
        own = ctypes.addressof(self._buffer_type)
        for address in tensor.src if len(peers) > 1 else ():
            buffer = Tensor.from_address(address).buffer if address else None
            kind = Buffer.from_address(buffer).buffer_type if buffer else own
            if kind != own and kind in peers:
                return True
        return False

    def _moves(self, device: int, node: int) -> bool:
        return self._profile.moves(Tensor.from_address(node))

    def _keep_fused(self, stream: int, graph: int, parameters: int) -> None:
        given = OptimizeParameters.from_address(parameters)
        add, data = given.add_alloc_dep, given.user_data
        if self._profile.keep_fused:
            self._profile.keep_fused(graph, lambda kept, until: add(data, kept, until))


def _yes(device: int, node: int) -> bool:
    return True


def _no(device: int, node: int) -> bool:
    return False


def _nothing(*arguments: Any) -> None:
    return None


def _shares_memory(gpu: VirtualGpu) -> bool:
    """Metal calls its GPUs discrete although they share memory."""
    return gpu.unified and gpu.api != "metal"


def _compiled(profile: Profile) -> dict[int, Rule]:
    """The rules by the number of the operation; what no rule names is left to the CPU."""
    return {names.numbers()[name]: rule for name, rule in profile.supports.items() if name in names.numbers()}


def _text(text: str) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(text.encode(errors="replace"))
