"""`workbench rpc-worker` on a free port of loopback: a device without a card. Knows no model."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from workbench.machine.process_memory import host_memory
from workbench_llama_cpp.ggml import PLUGIN_FOLDER


def environment(plugins: Path) -> dict[str, str]:
    """For every process that takes part: two engines on few cores must not spin against each other."""
    return os.environ | {PLUGIN_FOLDER: str(plugins), "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "1"}


class DeviceServer:
    """Started when made; it ends with `close` or with this process."""

    def __init__(self, plugins: Path, *options: str, port: int = 0) -> None:
        command = (sys.executable, "-m", "workbench", "rpc-worker", "--port", str(port), "--threads", "1")
        self._told = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the server
        self._process = subprocess.Popen(
            [*command, *options], env=environment(plugins), stdin=subprocess.DEVNULL, stderr=self._told
        )
        self.port = int(self.wait_for(r"Listening on 127\.0\.0\.1:(\d+)"))

    @property
    def host_and_port(self) -> str:
        """As --rpc takes it."""
        return f"127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        """As --device takes it."""
        return f"rpc://{self.host_and_port}"

    @property
    def pid(self) -> int:
        """Of the process that holds the device's memory; it may be another one after a client ended it."""
        (held,) = psutil.Process(self._process.pid).children()
        return int(held.pid)

    def anonymous_bytes(self) -> int:
        """What the server's process has taken for itself, as the system counts it."""
        memory = host_memory(self.pid)
        assert memory
        return memory.anonymous

    def told(self) -> str:
        """What it has said so far."""
        self._told.seek(0)
        return self._told.read()

    def wait_for(self, pattern: str) -> str:
        """The first group of what it says, or will say in time."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            if found := re.search(pattern, self.told()):
                return found[1]
            time.sleep(0.05)
        said = self.told()
        self.close()
        raise AssertionError(f"{pattern!r} was never said: {said}")

    def close(self) -> None:
        """As if its machine lost its power."""
        with suppress(psutil.NoSuchProcess):
            held = psutil.Process(self._process.pid).children()
            self._process.kill()
            psutil.wait_procs(held, timeout=10)
        self._process.wait()
        self._told.close()
