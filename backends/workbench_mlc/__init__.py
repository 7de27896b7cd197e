"""MLC-LLM as an engine: in this process where it can be imported, else its own server, started and watched.

A model that an MLC server elsewhere has is opened by its address, as any other one.
"""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from workbench.backend import Backend, LoadProgress, Provider, Status
from workbench.engine_settings import EngineSettings

PROGRAM = "mlc_llm"
CONFIG = "mlc-chat-config.json"
_PACKAGES = {"cpu": "cpu", "metal": "cpu", "vulkan": "cpu", "cuda": "cu128", "rocm": "rocm62"}
_WHEELS = "https://mlc.ai/wheels"


class MlcBackend(Backend):
    """Opens folders of weights that MLC's compiler made."""

    name = "mlc"
    runs = f"folders with {CONFIG}"
    opens = "provider"

    def status(self) -> Status:
        if shutil.which(PROGRAM) is None and find_spec(PROGRAM) is None:
            return Status(available=False, remedy=self.install_command("cuda"))
        return Status(available=True, version=_version())

    def supports(self, model: str) -> bool:
        return (Path(model) / CONFIG).is_file()

    def install_command(self, api: str, runtime: str = "") -> str:
        """Only from MLC's own index: packages of these names elsewhere are not what they seem."""
        build = _PACKAGES.get(api, "cpu")
        names = f"mlc-llm-nightly-{build} mlc-ai-nightly-{build}"
        engine = f"pip install --pre --no-index --no-deps -f {_WHEELS} {names}"
        return f"{engine} && pip install apache-tvm-ffi torch transformers fastapi uvicorn shortuuid"

    def open(self, model: str, settings: EngineSettings, progress: LoadProgress) -> Provider:
        from workbench_mlc.opening import open_provider

        return open_provider(model, settings, progress)


def _version() -> str:
    for package in ("mlc-llm", "mlc-llm-nightly-cpu", "mlc-llm-nightly-cu128", "mlc-llm-nightly-rocm62"):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "unknown"
