"""The process in which llama.cpp's RPC server runs, on a port of loopback. It ends when its owner does.

What the server is sent can end it: nobody's memory is lost then but its client's.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from workbench.engine_settings import EngineSettings
from workbench_llama_cpp.devices import Device, devices, memory_of, named
from workbench_llama_cpp.job_worker import Say, serve
from workbench_llama_cpp.lending.messages import Lent, Ready, order
from workbench_llama_cpp.parameters import threads
from workbench_llama_cpp.rpc import procedure, rpc_backend


def lend(body: bytes, say: Say) -> None:
    """Does not return while the server runs."""
    wanted = order(body)
    backend = rpc_backend()
    chosen = named(wanted.devices) if wanted.devices else usual(devices())
    say(Ready(tuple(map(_lent, chosen))))
    pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    prototype = ctypes.CFUNCTYPE(None, text, text, size, size, ctypes.POINTER(pointer))
    start = prototype(procedure(backend, b"ggml_backend_rpc_start_server"))
    handles = (pointer * len(chosen))(*(device.handle for device in chosen))
    workers = threads(EngineSettings(threads=wanted.threads))
    start(f"127.0.0.1:{wanted.port}".encode(), None, workers, len(chosen), handles)


def usual(here: Sequence[Device]) -> list[Device]:
    """The GPUs where there are any, else the processor; as llama.cpp's own program has it."""
    return [one for one in here if one.is_gpu] or [one for one in here if one.is_processor][:1]


def _lent(device: Device) -> Lent:
    return Lent(device.name, device.description, device.is_processor, memory_of(device)[1])


if __name__ == "__main__":
    serve(lend, lambda: None)
