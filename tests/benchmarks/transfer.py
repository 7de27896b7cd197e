"""How fast a large file arrives from a hub on loopback: ours, hash included, against `hf_hub_download`.

    python tests/benchmarks/transfer.py [--gigabytes 2] [--rounds 5] [--connections N] [--folder DIR]

The two alternate, each in a process of its own with an empty cache; imports are not timed. The flush to the
disk at the end, which the hub's client leaves to the system, is timed apart.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
MODEL, FILE = "acme/large-GGUF", "large-Q4_K_M.gguf"

THEIRS = f"""
import json, time
from huggingface_hub import hf_hub_download
began, processor = time.perf_counter(), time.process_time()
hf_hub_download({MODEL!r}, {FILE!r})
seconds, processor = time.perf_counter() - began, time.process_time() - processor
print(json.dumps({{"seconds": seconds, "cpu": processor, "flush": 0.0}}))
"""

OURS = f"""
import json, os, sys, threading, time
from workbench.models.transfer.fetching import Limits
from workbench.models.transfer.pulling import PullRequest, pull
flushed, fsync = 0.0, os.fsync
def timed(handle):
    global flushed
    began = time.perf_counter()
    fsync(handle)
    flushed += time.perf_counter() - began
os.fsync = timed
import httpx2, huggingface_hub, urllib3
request = PullRequest(name={MODEL!r}, limits=Limits(connections=int(sys.argv[1]) or None))
began, processor = time.perf_counter(), time.process_time()
pull(request, lambda moment: None, threading.Event())
seconds = time.perf_counter() - began - flushed
print(json.dumps({{"seconds": seconds, "cpu": time.process_time() - processor, "flush": flushed}}))
"""


@contextmanager
def hub(folder: Path, gigabytes: float) -> Iterator[str]:
    """The address of a hub in a process of its own that has the file."""
    path = folder / MODEL / FILE
    path.parent.mkdir(parents=True)
    with open(path, "wb") as file:
        left = int(gigabytes * 1e9)
        while left > 0:
            left -= file.write(os.urandom(min(left, 16 << 20)))
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.hub", str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip().removeprefix("HF_ENDPOINT=")
    finally:
        server.terminate()
        server.wait()


def measured(program: str, endpoint: str, folder: Path, *arguments: str) -> dict[str, float]:
    """What the program prints of itself, run with an empty cache in the folder."""
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(folder / "home"),
        "WORKBENCH_HOME": str(folder / "home" / "workbench"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "NO_PROXY": "*",
    }
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    shutil.rmtree(folder / "home")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=0, help="0: found out while it runs")
    parser.add_argument("--folder", type=Path, help="where the file and the caches go")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        with hub(folder / "hub", options.gigabytes) as endpoint:
            rounds = []
            for number in range(options.rounds):
                theirs = measured(THEIRS, endpoint, folder)
                ours = measured(OURS, endpoint, folder, str(options.connections))
                rounds.append((ours, theirs))
                _print_round(number, ours, theirs, options.gigabytes)
    _print_medians(rounds)


def _print_round(number: int, ours: dict[str, float], theirs: dict[str, float], gigabytes: float) -> None:
    print(
        f"round {number + 1}: ours {ours['seconds']:.2f} s ({gigabytes * 1000 / ours['seconds']:.0f} MB/s, "
        f"{ours['cpu']:.2f} CPU s, flush {ours['flush']:.2f} s), hf_hub_download {theirs['seconds']:.2f} s "
        f"({gigabytes * 1000 / theirs['seconds']:.0f} MB/s, {theirs['cpu']:.2f} CPU s)",
        flush=True,
    )


def _print_medians(rounds: list[tuple[dict[str, float], dict[str, float]]]) -> None:
    without = median(theirs["seconds"] / ours["seconds"] for ours, theirs in rounds)
    with_flush = median(theirs["seconds"] / (ours["seconds"] + ours["flush"]) for ours, theirs in rounds)
    print(
        f"our speed / hf_hub_download's: {without:.2f} with the hash, {with_flush:.2f} with the flush as well"
    )


if __name__ == "__main__":
    main()
