"""How soon `workbench fit` answers for a 70B model on the hub, its header unknown at first and then known.

    python -m tests.benchmarks.known_header [ROUNDS]

Two cards, from a hub on loopback, each time in a process of its own. Beside it stands what Python takes to
start, twice: once for the command and once for the engine's helper.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from statistics import median

from tests.blueprints import models
from tests.blueprints.blueprint import header_bytes
from tests.hub import FakeHub

NAME = "acme/large-GGUF"
QUESTION = ("fit", f"{NAME}:Q4_K_M", "--gpu", "RTX 4090", "--gpu", "RTX 4090", "--ram", "64GiB", "--json")
TOKENIZER = {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": [f"{number:_>40}" for number in range(128_256)],
}


def seconds(command: tuple[str, ...], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *command], env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main(rounds: int) -> None:
    with FakeHub() as hub, tempfile.TemporaryDirectory() as home:
        large = header_bytes(models.llama_3_70b(), TOKENIZER) + bytes(40_000_000)
        hub.add_repository(NAME, {"large-Q4_K_M.gguf": large})
        environment = {**os.environ, "HF_ENDPOINT": hub.endpoint, "WORKBENCH_HOME": home}
        ask = ("-m", "workbench", *QUESTION)
        unknown = seconds(ask, environment)
        fetched = sum(record.bytes_sent for record in hub.requests("GET", ".gguf"))
        known = [seconds(ask, environment) for _ in range(rounds)]
        start = [seconds(("-c", "pass"), environment) for _ in range(rounds)]
    print(f"header unknown  {unknown:6.2f} s, {fetched / 1e6:.1f} MB fetched")
    print(f"header known    {median(known):6.2f} s, {min(known):.2f} s at best")
    print(f"python, twice   {2 * median(start):6.2f} s")
    print(f"ratio           {median(known) / (2 * median(start)):6.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
