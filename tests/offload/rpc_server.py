"""A program that serves this machine's CPU as a device over RPC, on the port of loopback that it is given.

It ends when its standard input ends. Knows no model.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading

from workbench_llama_cpp import ggml


def serve(port: int) -> None:
    """Does not return while the server runs."""
    pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    rpc = ggml.backend("RPC")
    cpu = ggml.function("ggml", "ggml_backend_dev_by_name", pointer, text)(b"CPU")
    if not rpc or not cpu:
        raise SystemExit("This ggml has no RPC backend.")
    address = ggml.function("ggml-base", "ggml_backend_reg_get_proc_address", pointer, pointer, text)
    prototype = ctypes.CFUNCTYPE(None, text, text, size, size, ctypes.POINTER(pointer))
    start = prototype(address(rpc, b"ggml_backend_rpc_start_server"))
    start(f"127.0.0.1:{port}".encode(), None, 1, 1, (pointer * 1)(cpu))


def _end_with_owner() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_owner, daemon=True).start()
    serve(int(sys.argv[1]))
