"""A server of another program's, as a process of ours on loopback: started, watched, ended, and started anew.

It ends with this process, however this one ends. Knows no program by name.
"""

from __future__ import annotations

import http.client
import os
import secrets
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from workbench.backend import LoadProgress
from workbench.errors import EngineDied, EngineUnavailable, LoadCancelled
from workbench.owned_process import dismiss, watch

_HOST = "127.0.0.1"
_POLL_SECONDS = 0.05
_ENDING_SECONDS = 5.0
_LINES = 40


class OwnServer:
    """`command` makes the command line for a port and a key that only this process knows."""

    def __init__(
        self,
        command: Callable[[int, str], Sequence[str]],
        environment: Callable[[str], dict[str, str]] = lambda key: {},
        ready: str = "/v1/models",
    ) -> None:
        """`environment` adds variables for that key; a GET of `ready` succeeds once requests are taken."""
        self.key = secrets.token_hex(24)
        self._command = command
        self._environment = environment
        self._ready = ready
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        self._said: deque[str] = deque(maxlen=_LINES)

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self._port}/v1"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, progress: LoadProgress = lambda share: True) -> None:
        """Start it and wait until it takes requests.

        Raises EngineDied, EngineUnavailable and LoadCancelled, and then nothing of it runs.
        """
        self.close()
        self._port = self._port or _free_port()
        try:
            self._launch()
            while not self._answers():
                if not progress(0.0):
                    raise LoadCancelled("Loading was cancelled.")
                if not self.alive:
                    raise self.death("while loading the model")
                time.sleep(_POLL_SECONDS)
        except BaseException:
            self.close()
            raise

    def death(self, when: str = "unexpectedly") -> EngineDied:
        """How it ended, after a moment in which it may be ending still."""
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        code = self._process.poll()
        how = "it hangs" if code is None else f"signal {-code}" if code < 0 else f"exit code {code}"
        words = next((line for line in reversed(self._said) if "error" in line.lower()), "") or (
            self._said[-1] if self._said else ""
        )
        message = f"The engine's process ended {when} ({how})." + (
            f" Its last words: {words}" if words else ""
        )
        return EngineDied(
            message, "Ask again: the model is loaded anew. If it repeats, give it less context."
        )

    def close(self) -> None:
        """End it. Idempotent."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            dismiss(watcher)
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _launch(self) -> None:
        command = list(self._command(self._port, self.key))
        try:
            self._process = process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment(self.key)},
                start_new_session=True,
            )
        except OSError as error:
            raise EngineUnavailable(
                f"{command[0]} cannot be started: {error.strerror}.", "Install it, or name another one."
            ) from error
        self._said.clear()
        threading.Thread(target=self._listen, args=(process,), daemon=True).start()
        self._watcher = watch(process.pid)

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                if text := line.decode(errors="replace").strip():
                    self._said.append(text[:300])

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(_HOST, self._port, timeout=5)
        try:
            connection.request("GET", self._ready, headers={"authorization": f"Bearer {self.key}"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
