"""A running RPC server on a free port of loopback: a device without a card. Knows no model."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from workbench.machine.process_memory import host_memory
from workbench_llama_cpp.ggml import PLUGIN_FOLDER


def environment(plugins: Path) -> dict[str, str]:
    """For every process that takes part: two engines on few cores must not spin against each other."""
    return os.environ | {PLUGIN_FOLDER: str(plugins), "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "1"}


class DeviceServer:
    """Started when made; it ends with `close` or with this process."""

    def __init__(self, plugins: Path) -> None:
        self.port = _free_port()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.offload.rpc_server", str(self.port)],
            env=environment(plugins),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._await_listening()

    @property
    def address(self) -> str:
        """As --device takes it."""
        return f"rpc://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def anonymous_bytes(self) -> int:
        """What the server's process has taken for itself, as the system counts it."""
        memory = host_memory(self.pid)
        assert memory
        return memory.anonymous

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _await_listening(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self._process.kill()
        raise RuntimeError(f"The RPC server did not start: {self._process.communicate()[1].decode()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
