"""The servers under comparison: how each is started with the same settings, held still, and stopped.

A server that is not being measured is suspended, so that none can spin on a core meanwhile.

Settings that differ in name only are made equal: threads, requests at once, context of each request, flash
attention on. What stays as each server has it: llama-server keeps the prompt of each slot, and a copy of
evicted ones in RAM; llama_cpp.server keeps the one prompt it computed last, and runs one request at a time.
Ours is told to keep none on the disk.
llama_cpp.server is spared the logits of every prompt token, which it computes by default.

llama-server is built from the sources that llama-cpp-python vendors, with the flags of its wheel:

    pip download --no-deps --no-binary :all: llama-cpp-python==0.3.36 && tar xf llama_cpp_python-0.3.36.tar.gz
    cmake -G Ninja -S llama_cpp_python-0.3.36/vendor/llama.cpp -B build -DCMAKE_BUILD_TYPE=Release \
        -DGGML_NATIVE=ON -DGGML_OPENMP=ON -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_UI=OFF \
        -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF
    ninja -C build llama-server

llama_cpp.server needs an environment with `pip install "llama-cpp-python[server]==0.3.36"`. It cannot be told
to go on past an end token without slowing it down, so the model must be one that draws none.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

OURS = "workbench"
STARTUP_SECONDS = 120


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What every server is given alike; `context` is what one request gets."""

    threads: int
    parallel: int
    context: int


@dataclass(frozen=True, slots=True)
class Server:
    """One running server; `request` holds the fields that each request to it needs beside the prompt."""

    name: str
    port: int
    process: psutil.Popen
    request: Mapping[str, object]

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Let it run for the duration of the block."""
        for process in family(self.process):
            process.resume()
        try:
            yield
        finally:
            self.suspend()

    def suspend(self) -> None:
        for process in family(self.process):
            process.suspend()


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a server: what runs it, what its settings are called, what makes it ignore end tokens."""

    name: str
    program: Sequence[str]
    options: Callable[[ServerSettings], Mapping[str, object]]
    request: Mapping[str, object]


def _workbench_options(settings: ServerSettings) -> Mapping[str, object]:
    return {
        "--context": settings.context,
        "--parallel": settings.parallel,
        "--threads": settings.threads,
        "--flash-attention": "on",
    }


def _llama_server_options(settings: ServerSettings) -> Mapping[str, object]:
    return {
        "--ctx-size": settings.context * settings.parallel,
        "--parallel": settings.parallel,
        "--threads": settings.threads,
        "--flash-attn": "on",
    }


def _llama_cpp_server_options(settings: ServerSettings) -> Mapping[str, object]:
    return {
        "--host": "127.0.0.1",
        "--n_ctx": settings.context,
        "--n_threads": settings.threads,
        "--n_threads_batch": settings.threads,
        "--flash_attn": "true",
        "--logits_all": "false",
        "--interrupt_requests": "false",
        "--verbose": "false",
    }


def launches(model: Path, llama_server: str | None, llama_cpp_server: str | None) -> list[Launch]:
    """Ours, and the peers whose binary or Python is given."""
    ours = [sys.executable, "-m", "workbench", "serve", str(model), "--no-prompt-cache"]
    found = [Launch(OURS, ours, _workbench_options, {"ignore_eos": True})]
    if llama_server:
        program = [llama_server, "--model", str(model)]
        found.append(Launch("llama-server", program, _llama_server_options, {"ignore_eos": True}))
    if llama_cpp_server:
        program = [llama_cpp_server, "-m", "llama_cpp.server", "--model", str(model)]
        found.append(Launch("llama_cpp.server", program, _llama_cpp_server_options, {}))
    return found


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def started(launch: Launch, settings: ServerSettings) -> Iterator[Server]:
    """The server, ready to answer but suspended. Raises SystemExit with its last words when it ends early."""
    port = _free_port()
    options = {"--port": port, **launch.options(settings)}
    command = [*launch.program, *(str(part) for option in options.items() for part in option)]
    with tempfile.TemporaryFile() as log:
        process = psutil.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            model = _served_model(process, port)
            if model is None:
                log.seek(0)
                raise SystemExit(
                    f"{launch.name} does not answer:\n{log.read().decode(errors='replace')[-2000:]}"
                )
            request = {"model": model, **launch.request}
            server = Server(launch.name, port, process, request)
            server.suspend()
            yield server
        finally:
            _stop(process)


def _served_model(process: psutil.Popen, port: int) -> str | None:
    """The name of the model once it is served; None when the server ends or takes too long."""
    deadline = time.monotonic() + STARTUP_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=5) as answer:
                return str(json.load(answer)["data"][0]["id"])
        except OSError:
            time.sleep(0.2)
    return None


def _stop(process: psutil.Popen) -> None:
    """End it with everything it started, politely first; what is suspended must wake up to hear."""
    members = family(process)
    process.terminate()
    for member in members:
        member.resume()
    _, remaining = psutil.wait_procs(members, timeout=10)
    for member in remaining:
        member.kill()


def family(process: psutil.Popen) -> list[psutil.Process]:
    """The process and everything that it started."""
    return [process, *process.children(recursive=True)] if process.poll() is None else []
