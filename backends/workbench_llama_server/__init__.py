"""llama.cpp's own server as an engine: a program that is there already, started for each model and watched.

It needs no compiler: any build of llama-server serves, with whatever GPU it was built for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.backend import Backend, LoadProgress, Status
from workbench.engine_device import EngineDevice
from workbench.engine_settings import EngineSettings
from workbench_llama_server.binary import PROGRAM, VARIABLE, devices_of, found, version_of

if TYPE_CHECKING:
    from workbench.openai_client.own_provider import OwnProvider


class LlamaServerBackend(Backend):
    """Opens GGUF files."""

    name = "llama-server"
    runs = "GGUF files, by a program of its own"
    opens = "provider"

    def status(self) -> Status:
        program = found()
        if program is None:
            return Status(available=False, remedy=self.install_command(""))
        version = version_of(program)
        remedy = "" if version else f"{program} does not start: name another one in {VARIABLE}."
        return Status(available=bool(version), version=version, remedy=remedy)

    def supports(self, model: str) -> bool:
        path = Path(model)
        return path.suffix == ".gguf" or (path.suffix in ("", ".bin") and path.is_file())

    def devices(self, rpc_servers: Sequence[str] = ()) -> tuple[EngineDevice, ...]:
        program = found()
        return devices_of(program, rpc_servers) if program else ()

    def install_command(self, api: str, runtime: str = "") -> str:
        return (
            "brew install llama.cpp, or unpack a release from https://github.com/ggml-org/llama.cpp/releases "
            f"and put {PROGRAM} on the PATH or into {VARIABLE}"
        )

    def open(self, model: str, settings: EngineSettings, progress: LoadProgress) -> OwnProvider:
        from workbench_llama_server.opening import open_provider

        return open_provider(model, settings, progress)
