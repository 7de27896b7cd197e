"""ggml's own libraries: their functions, and the backends that can be loaded into them later.

The wheel holds each library under several file names, and each file loaded is a registry of its own: only the
one that llama.cpp itself links, the SONAME file, tells the truth. Knows no model and no device.
"""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from workbench import paths
from workbench_llama_cpp.binding import llama

PLUGIN_FOLDER = "WORKBENCH_GGML_PLUGINS"
"""The environment variable that names a folder with libggml-*.so files, made for this version of ggml.
"""
_FILES = {"Linux": "lib{}.so.0", "Darwin": "lib{}.dylib", "Windows": "{}.dll"}
_PLUGINS = {"Linux": "libggml-{}.so", "Darwin": "libggml-{}.so", "Windows": "ggml-{}.dll"}


def function(library: Literal["ggml", "ggml-base"], name: str, result: Any, *arguments: Any) -> Any:
    """One C function. ggml holds the registry; ggml-base what can be asked of a device or a backend."""
    found = getattr(_library(library), name)
    found.restype, found.argtypes = result, arguments
    return found


def backend(name: str) -> int | None:
    """The handle of that backend, loaded as a plugin where it is not built in; None without it."""
    text, pointer = ctypes.c_char_p, ctypes.c_void_p
    known: int | None = function("ggml", "ggml_backend_reg_by_name", pointer, text)(name.encode())
    files = (folder / plugin_name(name) for folder in plugin_folders())
    if known or (plugin := next(filter(Path.is_file, files), None)) is None:
        return known
    loaded: int | None = function("ggml", "ggml_backend_load", pointer, text)(os.fsencode(plugin))
    return loaded


def own_plugins() -> Path:
    """The folder for plugins that are built here, for this version of llama-cpp-python."""
    return paths.data_folder() / "plugins" / f"llama-cpp-python-{version('llama-cpp-python')}"


def plugin_folders() -> Iterator[Path]:
    """Where plugins may be, the first one first."""
    if named := os.environ.get(PLUGIN_FOLDER):
        yield Path(named)
    yield own_plugins()


def plugin_name(backend: str) -> str:
    return _PLUGINS.get(platform.system(), _PLUGINS["Linux"]).format(backend.lower())


def library_file(name: str) -> Path:
    """The file that llama.cpp itself links."""
    folder = Path(llama().__file__ or "").parent / "lib"
    return folder / _FILES.get(platform.system(), _FILES["Linux"]).format(name)


@lru_cache
def _library(name: str) -> ctypes.CDLL:
    return ctypes.CDLL(str(library_file(name)))
