"""The calibrator: a text in, a matrix in a file, in a process of its own that ends when the owner wants."""

from __future__ import annotations

from workbench.calibration_request import CalibrationProgress, CalibrationRequest
from workbench.errors import error_of_kind
from workbench.ports import Calibrator
from workbench_llama_cpp.calibrating import messages
from workbench_llama_cpp.frames import Refused
from workbench_llama_cpp.job_process import JobProcess


class LlamaCppCalibrator(Calibrator):
    """Starts its process with the first request and keeps it until `close`."""

    def __init__(self) -> None:
        self._worker = JobProcess("workbench_llama_cpp.calibrating.worker", "read the text")

    @property
    def pid(self) -> int | None:
        """The worker's process, while there is one."""
        return self._worker.pid

    def calibrate(self, request: CalibrationRequest, progress: CalibrationProgress) -> None:
        refusals: list[Refused] = []

        def take(body: bytes | None) -> bool:
            match None if body is None else messages.reply(body):
                case messages.At(done, total):
                    progress(done, total)
                case Refused() as refusal:
                    refusals.append(refusal)
                    return True
                case messages.Measured():
                    return True
            return False

        self._worker.run(messages.Calibrate(request), take)
        for refusal in refusals:
            raise error_of_kind(refusal.kind, refusal.message, refusal.remedy)

    def close(self) -> None:
        self._worker.close()
