"""Where exllamav2 and exllamav3 begin for the workbench: whether they can run here, and what they open.

Importing this is cheap; neither engine is imported before a model is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.backend import Backend, Engine, LoadProgress, Status
from workbench.engine_device import Build, EngineDevice
from workbench.engine_settings import EngineSettings
from workbench_exllama.packages import NAMES, how_to_install, install_command, installed


class ExllamaBackend(Backend):
    """Opens EXL2 folders with exllamav2, which is no longer developed, and EXL3 folders with exllamav3."""

    name = "exllama"
    runs = "EXL2 and EXL3 folders"
    opens = "engine"

    def status(self) -> Status:
        found = [f"{name} {version}" for name in NAMES if (version := installed(name))]
        if not found:
            return Status(available=False, remedy=how_to_install(NAMES[0]))
        return Status(available=True, version=", ".join(found))

    def supports(self, model: str) -> bool:
        from workbench_exllama.model_config import format_of

        return format_of(Path(model)) is not None

    def build(self) -> Build:
        return Build(id=self.status().version)

    def devices(self, rpc_servers: Sequence[str] = ()) -> tuple[EngineDevice, ...]:
        if not self.status().available:
            return ()
        import torch

        cuda = torch.cuda
        return tuple(
            EngineDevice(
                name=f"CUDA{number}",
                description=cuda.get_device_name(number),
                kind="gpu",
                memory_total=(memory := cuda.mem_get_info(number))[1],
                memory_free=memory[0],
            )
            for number in range(cuda.device_count())
        )

    def install_command(self, api: str, runtime: str = "") -> str:
        return install_command(NAMES[0]) if api == "cuda" else ""

    def open(self, model: str, settings: EngineSettings, progress: LoadProgress) -> Engine:
        from workbench_exllama.opening import open_engine

        return open_engine(model, settings, progress)
