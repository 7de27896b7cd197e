"""ggml's own libraries: their functions, and the backends that can be loaded into them later.

The wheel holds each library under several file names, and each file loaded is a registry of its own: only the
one that llama.cpp itself links, the SONAME file, tells the truth. Knows no model and no device.
"""

from __future__ import annotations

import ctypes
import os
import platform
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from workbench_llama_cpp.binding import llama

PLUGIN_FOLDER = "WORKBENCH_GGML_PLUGINS"
"""The environment variable that names a folder with libggml-*.so files, made for this version of ggml."""
_FILES = {"Linux": "lib{}.so.0", "Darwin": "lib{}.dylib", "Windows": "{}.dll"}
_PLUGINS = {"Linux": "libggml-{}.so", "Darwin": "libggml-{}.so", "Windows": "ggml-{}.dll"}


def function(library: Literal["ggml", "ggml-base"], name: str, result: Any, *arguments: Any) -> Any:
    """One C function. ggml holds the registry; ggml-base what can be asked of a device or a backend."""
    found = getattr(_library(library), name)
    found.restype, found.argtypes = result, arguments
    return found


def backend(name: str) -> int | None:
    """The handle of that backend, loaded from the plugin folder where it is not built in; None without it."""
    text, pointer = ctypes.c_char_p, ctypes.c_void_p
    known: int | None = function("ggml", "ggml_backend_reg_by_name", pointer, text)(name.encode())
    folder = os.environ.get(PLUGIN_FOLDER)
    if known or not folder:
        return known
    plugin = Path(folder) / _PLUGINS.get(platform.system(), _PLUGINS["Linux"]).format(name.lower())
    if not plugin.is_file():
        return None
    loaded: int | None = function("ggml", "ggml_backend_load", pointer, text)(os.fsencode(plugin))
    return loaded


@lru_cache
def _library(name: str) -> ctypes.CDLL:
    folder = Path(llama().__file__ or "").parent / "lib"
    return ctypes.CDLL(str(folder / _FILES.get(platform.system(), _FILES["Linux"]).format(name)))
