"""The converters of exllamav2 and exllamav3 as tools of the quant lab. Knows their options and output."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from workbench.quantize_request import QuantType
from workbench.quantize_tool import QuantizeTool, Step, ToolRequest
from workbench_exllama.model_folder import check_for_exl2, configuration, layers
from workbench_exllama.packages import how_to_install, installed

_LAYER = re.compile(r"\blayers\.(\d+)\b")


class _Converter(QuantizeTool):
    takes_bits = True
    package: str

    def __init__(self) -> None:
        self._layers = 0

    def missing(self) -> str:
        return "" if installed(self.package) else how_to_install(self.package)

    def share(self, line: str) -> float | None:
        match = _LAYER.search(line)
        return min(1.0, int(match[1]) / self._layers) if match and self._layers else None


class Exl2Converter(_Converter):
    """Measures first what each choice of bits costs, then quantizes; both go on where they stopped."""

    package = "exllamav2"
    types = (
        QuantType(
            "EXL2", None, "For exllamav2 on an NVIDIA GPU; 4.125 bits per weight unless --bits says so."
        ),
    )

    def steps(self, request: ToolRequest) -> tuple[Step, ...]:
        check_for_exl2(request.source)
        self._layers = layers(request.source)
        measured = request.scratch / "measured.json"
        measuring, quantizing = (_made(request.scratch / name) for name in ("measuring", "quantizing"))
        start = (sys.executable, "-m", "exllamav2.conversion.convert_exl2", "-i", str(request.source))
        bits = () if request.bits is None else ("-b", f"{request.bits:g}")
        first = Step((*start, "-o", str(measuring), "-om", str(measured)), "measuring")
        files = ("-m", str(measured), "-cf", str(request.target))
        second = Step((*start, "-o", str(quantizing), *files, *bits), "quantizing")
        return (second,) if measured.is_file() else (first, second)


class Exl3Converter(_Converter):
    """Quantizes layer by layer, and goes on at its last checkpoint."""

    package = "exllamav3"
    types = (
        QuantType("EXL3", None, "For exllamav3 on an NVIDIA GPU; 4 bits per weight unless --bits says so."),
    )
    _USUAL_BITS = 4.0

    def steps(self, request: ToolRequest) -> tuple[Step, ...]:
        configuration(request.source)
        self._layers = layers(request.source)
        bits = self._USUAL_BITS if request.bits is None else request.bits
        command = (
            sys.executable, "-m", "workbench_exllama.convert_exl3", "-i", str(request.source),
            "-o", str(request.target), "-w", str(request.scratch), "-b", f"{bits:g}",
        )  # fmt: skip
        begun = all((request.scratch / name).is_file() for name in ("args.json", "ckpt/job.json"))
        return (Step((*command, "--resume") if begun else command, "quantizing"),)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
