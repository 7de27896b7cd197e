"""A Ray cluster of two nodes on this machine, and what runs on it.

    python -m tests.fleet.cluster FOLDER

starts the nodes, prints the cluster's address, and ends them when its standard input ends. FOLDER is where
Ray keeps its sockets: a short path.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

PATIENCE = 150.0
_LOOK_SECONDS = 0.3
_STORE_BYTES = 80 << 20
_ATTEMPTS = 3
"""Ray gives a node 30 seconds to start, which a busy machine may not."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where it is, and the process that all of it descends from."""

    address: str
    process: subprocess.Popen[str]

    def replicas(self) -> list[psutil.Process]:
        """The replicas that have an engine now."""
        return [one for one in psutil.Process(self.process.pid).children(recursive=True) if _is_replica(one)]

    def busiest(self) -> psutil.Process:
        """The replica that does most just now."""
        replicas = self.replicas()
        before = [_seconds(one) for one in replicas]
        time.sleep(_LOOK_SECONDS)
        grown = [_seconds(one) - earlier for one, earlier in zip(replicas, before, strict=True)]
        return replicas[grown.index(max(grown))]

    def wait_for_replicas(self, count: int) -> list[psutil.Process]:
        deadline = time.monotonic() + PATIENCE
        while len(found := self.replicas()) != count:
            assert self.process.poll() is None, "the cluster has ended"
            assert time.monotonic() < deadline, f"there are {len(found)} replicas in place of {count}"
            time.sleep(0.2)
        return found


@contextmanager
def two_nodes() -> Iterator[Cluster]:
    """Each has a CPU for one replica; what is not read of the environment in here, replicas inherit."""
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="ray-") as folder:
        said = stack.enter_context(tempfile.TemporaryFile("w+"))
        for _ in range(_ATTEMPTS):
            command = [sys.executable, "-m", "tests.fleet.cluster", folder]
            process = stack.enter_context(_started(command, subprocess.PIPE, said.fileno()))
            assert process.stdin is not None and process.stdout is not None
            stack.callback(process.wait, PATIENCE)
            stack.callback(process.stdin.close)
            if address := process.stdout.readline().strip():
                yield Cluster(address, process)
                return
        said.seek(0)
        raise AssertionError(said.read())


@contextmanager
def served(config: Path, cluster: Cluster) -> Iterator[None]:
    """While it lasts, the cluster serves by that configuration, as `serve run` has it."""
    command = [str(Path(sys.executable).with_name("serve")), "run", str(config), "--address", cluster.address]
    with _started(command, subprocess.DEVNULL, subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _started(command: list[str], stdout: int, stderr: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "OMP_WAIT_POLICY": "passive"}
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        text=True,
        env=environment,
    )


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _is_replica(process: psutil.Process) -> bool:
    try:
        title = process.cmdline()[0]
        return title.startswith("ray::") and "Replica" in title and bool(process.children())
    except (psutil.Error, IndexError):
        return False


def _run(folder: str) -> None:
    from ray.cluster_utils import Cluster as Nodes

    each = {"num_cpus": 1, "object_store_memory": _STORE_BYTES}
    nodes = Nodes()
    nodes.add_node(wait=False, temp_dir=folder, include_dashboard=False, **each)
    nodes.add_node(wait=False, **each)
    nodes.wait_for_nodes(PATIENCE)
    print(nodes.address, flush=True)
    sys.stdin.read()
    nodes.shutdown()


if __name__ == "__main__":
    _run(sys.argv[1])
