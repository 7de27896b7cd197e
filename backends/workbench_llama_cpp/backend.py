"""Where llama.cpp begins for the workbench: whether it can run here, and what it opens and estimates.

Importing this is cheap; llama.cpp itself is loaded when a model is opened.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

from workbench.backend import Backend, Engine, LoadProgress, Status
from workbench.engine_device import Build, EngineDevice
from workbench.engine_settings import EngineSettings
from workbench.ports import Calibrator, Estimator, Lender, Profiler, Quantizer, Scorer, StandIns
from workbench_llama_cpp.builds import install_command


class LlamaCppBackend(Backend):
    """Opens GGUF files."""

    name = "llama-cpp"
    runs = "GGUF files"
    opens = "engine"

    def status(self) -> Status:
        from importlib.metadata import PackageNotFoundError, version

        try:
            return Status(available=True, version=version("llama-cpp-python"))
        except PackageNotFoundError:
            compiler = "xcode-select --install" if platform.system() == "Darwin" else "a C++ compiler"
            remedy = f"Install it, which builds it with {compiler}: {install_command('cpu')}"
            return Status(available=False, remedy=remedy)

    def supports(self, model: str) -> bool:
        """A file, unless its name says that it is another backend's; what is in it is judged when opening."""
        path = Path(model)
        return path.suffix == ".gguf" or (path.suffix in ("", ".bin") and path.is_file())

    def build(self) -> Build:
        from workbench_llama_cpp.installed_build import installed_build

        return installed_build()

    def devices(self, rpc_servers: Sequence[str] = ()) -> tuple[EngineDevice, ...]:
        from workbench_llama_cpp.device_report import device_report

        return device_report(rpc_servers)

    def install_command(self, api: str, runtime: str = "") -> str:
        return install_command(api, runtime)

    def open(self, model: str, settings: EngineSettings, progress: LoadProgress) -> Engine:
        if settings.vocabulary_only:
            from workbench_llama_cpp.tokenizer import open_tokenizer

            return open_tokenizer(model, progress)
        from workbench_llama_cpp.engine import open_engine

        return open_engine(model, settings, progress)

    def estimator(self) -> Estimator:
        from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator

        return LlamaCppEstimator()

    def quantizer(self) -> Quantizer:
        from workbench_llama_cpp.quantizing.quantizer import LlamaCppQuantizer

        return LlamaCppQuantizer()

    def scorer(self) -> Scorer:
        from workbench_llama_cpp.scoring.scorer import LlamaCppScorer

        return LlamaCppScorer()

    def calibrator(self) -> Calibrator:
        from workbench_llama_cpp.calibrating.calibrator import LlamaCppCalibrator

        return LlamaCppCalibrator()

    def stand_ins(self) -> StandIns:
        from workbench_llama_cpp.standing_in.stand_ins import LlamaCppStandIns

        return LlamaCppStandIns()

    def lender(self) -> Lender:
        from workbench_llama_cpp.lending.lender import LlamaCppLender

        return LlamaCppLender()

    def profiler(self) -> Profiler:
        from workbench_llama_cpp.profiling.profiler import LlamaCppProfiler

        return LlamaCppProfiler()
