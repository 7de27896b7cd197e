"""Where llama-server is, which version it has, and the devices that it sees."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache

from workbench.engine_device import DeviceKind, EngineDevice

PROGRAM = "llama-server"
VARIABLE = "WORKBENCH_LLAMA_SERVER"
_SECONDS = 20.0
_KINDS: dict[str, DeviceKind] = {"BLAS": "accelerator", "RPC": "rpc"}
_VERSION = re.compile(r"^version: (.+)$", re.MULTILINE)
_DEVICE = re.compile(r"^\s+(\w+): (.*?)(?: \((\d+) MiB, (\d+) MiB free\))?$", re.MULTILINE)


def found() -> str | None:
    """The program that the variable names, or the one on the PATH."""
    return shutil.which(os.environ.get(VARIABLE) or PROGRAM)


def version_of(program: str) -> str:
    """What it says of itself; nothing where it does not start."""
    match = _VERSION.search(_said(program, "--version"))
    return match[1].strip() if match else ""


def devices_of(program: str, rpc_servers: Sequence[str] = ()) -> tuple[EngineDevice, ...]:
    """Beside the processor, which it always has."""
    elsewhere = ("--rpc", ",".join(rpc_servers)) if rpc_servers else ()
    listed = _said(program, *elsewhere, "--list-devices").partition("Available devices:")[2]
    return (EngineDevice(name="CPU"), *map(_device, _DEVICE.finditer(listed)))


def _device(match: re.Match[str]) -> EngineDevice:
    total, free = (int(size) << 20 if size else None for size in (match[3], match[4]))
    kinds = (kind for start, kind in _KINDS.items() if match[1].startswith(start))
    kind: DeviceKind = next(kinds, "gpu")
    return EngineDevice(name=match[1], description=match[2], kind=kind, memory_total=total, memory_free=free)


@cache
def _said(program: str, *options: str) -> str:
    try:
        done = subprocess.run(
            [program, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace")
