"""The command as a person has it: a real process, with a home of its own, on pipes or on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import psutil

COMMAND = (sys.executable, "-m", "workbench")
_ON_A_TERMINAL = (
    "import fcntl, os, sys, termios;"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.executable, [sys.executable, '-m', 'workbench', *sys.argv[1:]])"
)
PATIENCE = 60.0
LEFT_OUT = ("WORKBENCH", "HF_", "HUGGINGFACE_", "OLLAMA_", "LLAMA_", "XDG_", "COLUMNS", "LINES")


class Workbench:
    """Runs the command with everything it keeps below one folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._started: list[subprocess.Popen[bytes]] = []
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)},
            "HOME": str(home / "user"),
            "OLLAMA_MODELS": str(home / "user" / ".ollama" / "models"),
            "WORKBENCH_HOME": str(home),
            "HF_HOME": str(home / "hugging-face"),
            "OMP_WAIT_POLICY": "passive",
            "NO_COLOR": "1",
            "TERM": "xterm",
        }

    def __call__(
        self, *arguments: str, stdin: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end; without `stdin` there is nothing to read."""
        source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        return subprocess.run(
            [*COMMAND, *arguments],
            capture_output=True,
            encoding="utf-8",
            env={**self.environment, **environment},
            timeout=PATIENCE,
            check=False,
            **source,
        )

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Begin, with a pipe for what it writes."""
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            bufsize=0,
        )
        self._started.append(process)
        return process

    def on_terminal(self, *arguments: str, columns: int = 80) -> Terminal:
        terminal = Terminal(arguments, self.environment, columns)
        self._started.append(terminal.process)
        return terminal

    def end(self) -> None:
        """Kill what a failed test has left."""
        for process in self._started:
            with process:
                process.kill()


class Terminal:
    """The command on a terminal of its own, typed at and read from."""

    def __init__(self, arguments: tuple[str, ...], environment: dict[str, str], columns: int) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", _ON_A_TERMINAL, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""
        self._read = 0

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def wait_for(self, text: str) -> None:
        """Read on until `text` comes after what was waited for before."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen[self._read :]:
            assert time.monotonic() < deadline and self._more(), f"{text!r} never came: {self.seen!r}"
        self._read = self.seen.index(text, self._read) + len(text)

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self._more():
            pass
        code = self.process.wait(PATIENCE)
        os.close(self._ours)
        return code

    def _more(self) -> bool:
        if not select.select([self._ours], [], [], PATIENCE)[0]:
            return False
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)


def engines_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The engine processes that the command has started; there must be one."""
    found: list[psutil.Process] = psutil.Process(process.pid).children(recursive=True)
    assert found
    return found


def all_gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE)
    return not alive


def workers_among(processes: list[psutil.Process]) -> list[psutil.Process]:
    """The engines themselves, without those that record a load and may end while they are looked at."""

    def is_worker(process: psutil.Process) -> bool:
        try:
            return "workbench.runtime.worker" in process.cmdline()
        except psutil.Error:
            return False

    return list(filter(is_worker, processes))
