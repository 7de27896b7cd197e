"""The llama.cpp engine, on the low-level C functions that llama-cpp-python binds.

Importing this package is cheap; llama.cpp itself is loaded when a model is opened.
"""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from workbench.backend import Backend, Engine, LoadProgress, Status
from workbench.engine_settings import EngineSettings

INSTALL = "pip install 'llama-cpp-python>=0.3.36,<0.3.37'"


class LlamaCppBackend(Backend):
    """Opens GGUF files."""

    name = "llama-cpp"
    opens = "engine"

    def status(self) -> Status:
        try:
            return Status(available=True, version=version("llama-cpp-python"))
        except PackageNotFoundError:
            compiler = "xcode-select --install" if platform.system() == "Darwin" else "a C++ compiler"
            return Status(
                available=False, remedy=f"Install it: {INSTALL} (builds from source with {compiler})."
            )

    def supports(self, model: str) -> bool:
        """A file, unless its name says that it is another backend's; what is in it is judged when opening."""
        path = Path(model)
        return path.suffix == ".gguf" or (path.suffix in ("", ".bin") and path.is_file())

    def open(self, model: str, settings: EngineSettings, progress: LoadProgress) -> Engine:
        if settings.vocabulary_only:
            from workbench_llama_cpp.tokenizer import open_tokenizer

            return open_tokenizer(model, progress)
        from workbench_llama_cpp.engine import open_engine

        return open_engine(model, settings, progress)
