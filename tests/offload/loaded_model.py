"""A model loaded in a process of its own, seen from outside: what it took, and what it said.

Knows nothing of how its memory was predicted.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType

import msgspec

from workbench.engine_settings import EngineSettings
from workbench.memory import DeviceMemory

PROMPT = tuple(b"Twelve boats left the harbour at dawn, and eleven came back before the storm.")


class Order(msgspec.Struct, frozen=True):
    """What to load and to draw."""

    model: str
    settings: EngineSettings
    prompt: tuple[int, ...]
    tokens: int


class State(msgspec.Struct, frozen=True):
    """What the engine's process tells of itself."""

    placement: str
    devices: tuple[DeviceMemory, ...]
    host: DeviceMemory
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]


class LoadedModel:
    """A context: loaded at its beginning, gone at its end."""

    def __init__(
        self, model: Path, settings: EngineSettings, *, prompt: tuple[int, ...] = PROMPT, tokens: int = 24
    ) -> None:
        self._order = Order(str(model), settings, prompt, tokens)

    def __enter__(self) -> LoadedModel:
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "tests.offload.engine_program"]
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._process.stdin.write(msgspec.json.encode(self._order) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._process.kill()
            said = self._process.communicate()[1].decode(errors="replace")
            raise AssertionError(f"The model was not loaded: {said[-2000:]}")
        self.state = msgspec.json.decode(line, type=State)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def pid(self) -> int:
        return self._process.pid
