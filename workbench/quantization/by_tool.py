"""Runs a tool that quantizes a folder: its commands one after the other, then the folder goes to its place.

What it writes lies beside the target under a hidden name until all is done. When it is interrupted or fails
that stays, so that the same order goes on; whatever runs is ended with its children. Knows no tool by name.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from workbench.errors import EngineDied, EngineUnavailable, InvalidRequest
from workbench.models.transfer.disk import check_space, unwritable
from workbench.owned_process import dismiss, watch
from workbench.quantize_tool import QuantizeTool, Step, ToolRequest

Report = Callable[[str, float | None], None]
"""Told what is done, such as "measuring", and which share of it, None where that is not known; may raise."""

_LINE_END = re.compile(rb"[\r\n]+")
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_REMEDY = "Make room, or give another folder with -o."
_LAST_LINES = 3


def make(
    tool: QuantizeTool, source: Path, kind: str, bits: float | None, target: Path, report: Report
) -> None:
    """Make the folder `target`.

    Raises EngineUnavailable without the tool, EngineDied where it fails, InvalidRequest and NoSpace.
    """
    if remedy := tool.missing():
        raise EngineUnavailable(f"The tool that makes {kind} is not installed.", remedy)
    if bits is not None and not tool.takes_bits:
        raise InvalidRequest(f"{kind} has its bits in its name.", "Leave --bits out.")
    if target.exists():
        raise InvalidRequest(f"{target} exists already.", "Give another folder with -o.")
    check_space(target.parent, sum(path.stat().st_size for path in source.glob("*.safetensors")), _REMEDY)
    with _workplace(target, f"{kind}-{bits or 'usual'}") as place:
        result = place / "result"
        result.mkdir(exist_ok=True)
        request = ToolRequest(source=source, target=result, scratch=place / "scratch", type=kind, bits=bits)
        for step in tool.steps(request):
            _run(step, tool.share, report)
        if not any(result.iterdir()):
            raise EngineDied(f"The tool that makes {kind} wrote nothing.", "Update it, and try again.")
        os.replace(result, target)


@contextmanager
def _workplace(target: Path, what: str) -> Iterator[Path]:
    """Beside the target, for one at a time; gone only when `target` is there."""
    place = target.with_name(f".{target.name}.{what}.making")
    try:
        (place / "scratch").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(target, error, _REMEDY) from error
    try:
        with FileLock(place / "lock", timeout=0):
            yield place
            shutil.rmtree(place, ignore_errors=True)
    except Timeout:
        raise InvalidRequest(f"{target} is being made by another program.", "Wait for its end.") from None


def _run(step: Step, share: Callable[[str], float | None], report: Report) -> None:
    report(step.doing, None)
    last: deque[str] = deque(maxlen=_LAST_LINES)
    process = subprocess.Popen(
        step.command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    watcher = watch(process.pid, group=True)
    try:
        assert process.stdout is not None
        for line in _lines(process.stdout):
            last.append(line)
            if (done := share(line)) is not None:
                report(step.doing, done)
        code = process.wait()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        dismiss(watcher)
    if code:
        said = " ".join(last) or "no word"
        raise EngineDied(
            f"The tool ended with code {code} while {step.doing}: {said}.",
            "What it has done is kept: the same command goes on.",
        )


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """Without colours; a progress bar's states are lines of their own."""
    rest = b""
    while piece := os.read(stream.fileno(), 65536):
        *whole, rest = _LINE_END.split(rest + piece)
        rest = rest[-65536:]
        yield from filter(None, (_COLOURS.sub("", line.decode(errors="replace")).strip() for line in whole))
    if rest.strip():
        yield rest.decode(errors="replace").strip()
