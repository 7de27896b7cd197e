"""llama.cpp's library that turns images and sounds into what a model reads. Knows no model."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from types import ModuleType
from typing import cast

from workbench.errors import Unsupported
from workbench_llama_cpp.binding import llama


@lru_cache(maxsize=1)
def mtmd() -> ModuleType:
    """The module of bound C functions, which log where llama.cpp does. Raises Unsupported."""
    functions = llama()
    try:
        from llama_cpp import mtmd_cpp
    except (ImportError, OSError, RuntimeError) as error:
        raise Unsupported(
            f"This build of llama.cpp reads no images or sounds: {error}.", "Reinstall llama-cpp-python."
        ) from error
    mtmd_cpp.mtmd_helper_log_set(functions.keep_log_callback, ctypes.c_void_p(0))
    return cast(ModuleType, mtmd_cpp)
