"""`workbench imatrix` against llama-imatrix on the same text and model: time, and how far apart they are.

    python tests/benchmarks/imatrix.py llama-imatrix [--model MODEL.gguf] [--text FILE] [--context 512]

Both read one piece of the text at a time: with several at once, as is its default, llama-imatrix leaves out
tokens that end up in a batch of fewer than 16. For a measure of what rounding does, llama-imatrix runs once
more without flash attention. The distance is the largest of all columns, relative to the mean square.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import workbench_guide
from workbench.imatrix import ImportanceMatrix, read_imatrix

TEXT = Path(__file__).parents[2] / "README.md"


def seconds(command: list[str], home: str) -> float:
    """By the wall clock."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "WORKBENCH_HOME": home})
    return time.perf_counter() - started


def distance(one: ImportanceMatrix, other: ImportanceMatrix) -> float:
    """The largest relative one; counts must be the same."""
    assert one.entries.keys() == other.entries.keys()
    most = 0.0
    for name, entry in one.entries.items():
        reference = other.entries[name]
        np.testing.assert_array_equal(entry.counts, reference.counts)
        apart = np.abs(entry.means - reference.means) / np.maximum(reference.means, 1e-30)
        most = max(most, float(apart.max()))
    return most


def main() -> None:
    """Read the command line, measure, and print the figures."""
    parser = argparse.ArgumentParser(description="The command against llama-imatrix.")
    parser.add_argument("peer", help="the path of llama-imatrix, of the same version")
    parser.add_argument("--model", type=Path, default=Path(workbench_guide.PATH))
    parser.add_argument("--text", type=Path, default=TEXT)
    parser.add_argument("--context", type=int, default=512)
    arguments = parser.parse_args()
    length = str(arguments.context)
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs, plain = (f"{folder}/{name}.gguf" for name in ("ours", "theirs", "plain"))
        bare = [arguments.peer, "-m", str(arguments.model), "-f", str(arguments.text)]
        bare += ["-c", length, "-b", length, "--no-ppl", "-o"]
        peer_seconds = seconds([*bare, theirs], folder)
        seconds([*bare, plain, "-fa", "off"], folder)
        command = [sys.executable, "-m", "workbench", "imatrix", str(arguments.model)]
        command += ["--text", str(arguments.text), "--context", length, "-o", ours]
        our_seconds = seconds(command, folder)
        matrices = [read_imatrix(path) for path in (ours, theirs, plain)]
        print(f"pieces of {length} tokens       {matrices[0].chunk_count}")
        print(f"llama-imatrix, seconds       {peer_seconds:.2f}")
        print(f"workbench imatrix, seconds   {our_seconds:.2f} ({our_seconds / peer_seconds:.3f}x)")
        print(f"largest relative distance    {distance(matrices[0], matrices[1]):.1e}")
        print(f"of it without flash attention from it with  {distance(matrices[2], matrices[1]):.1e}")


if __name__ == "__main__":
    main()
