"""llama.cpp's functions, and what it logs.

llama.cpp tells the reason of a failure only in its log, so the last lines are kept. Knows no model.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import cast

from workbench.errors import EngineUnavailable


class Log:
    """The last lines that llama.cpp wrote. Part lines are joined; `watch` is told each whole one."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=400)
        self.watch: Callable[[str], None] = lambda line: None
        self._partial = ""

    def write(self, text: str) -> None:
        *whole, self._partial = (self._partial + text).split("\n")
        self.lines.extend(whole)
        for line in whole:
            self.watch(line)

    def clear(self) -> None:
        self.lines.clear()

    def text(self) -> str:
        return "\n".join(self.lines)

    def reason(self) -> str:
        """The last thing that was said."""
        said = next((line.strip() for line in reversed(self.lines) if line.strip()), "no reason given")
        return said.rstrip(".")


log = Log()


@lru_cache(maxsize=1)
def llama() -> ModuleType:
    """The module of bound C functions, ready to use; loads the shared libraries at the first call."""
    try:
        from llama_cpp import llama_cpp as functions
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineUnavailable(
            f"llama.cpp cannot be loaded: {error}.", "Reinstall llama-cpp-python on this machine."
        ) from error

    @functions.llama_log_callback  # type: ignore[untyped-decorator]
    def keep(level: int, text: bytes, user_data: ctypes.c_void_p) -> None:
        log.write(text.decode(errors="replace"))

    os.environ.setdefault("GGML_NO_BACKTRACE", "1")  # so that the reason of an abort comes last
    functions.llama_log_set(keep, ctypes.c_void_p(0))
    functions.keep_log_callback = keep  # ctypes frees a callback that nobody holds
    functions.llama_backend_init()
    return cast(ModuleType, functions)


def import_c_functions_alone() -> None:
    """For processes that need no more: the rest of llama-cpp-python takes five times as long to import."""
    if (package := find_spec("llama_cpp")) is not None:
        sys.modules["llama_cpp"] = module_from_spec(package)
