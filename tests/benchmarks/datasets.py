"""How fast datasets are read, checked and rid of duplicates, and within which memory; against datasketch.

    python -m tests.benchmarks.datasets [--megabytes 2000] [--rows 100000]
    python -m tests.benchmarks.datasets --whole 5000

Rows are chats of 2 KB on average, in words of random letters; 5% are exact copies and 10% near ones. Ours
runs as a process of its own, imports included, with one process for reading. datasketch (MinHash of 128
permutations, LSH at the same threshold) gets shingles of 3 words of a fifth of the same rows, JSON read
included, and rates are compared.

`--whole` is the command itself on so many megabytes, in as many processes as there are cores: checked, rid
of both kinds of duplicates, split and written. Its memory is that of all of its processes at one moment,
shared pages counted for each.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from string import ascii_lowercase

import psutil

from tests.datasets.planting import planted

_COPIES, _MOST_WORDS = 2000, 560
_LETTERS = ascii_lowercase.encode()
_LINE = b'{"messages": [{"role": "user", "content": "%b"}, {"role": "assistant", "content": "%b"}]}\n'
_RECIPE = """summary = "What is measured."
formats = []
[[steps]]
operation = "validate"
[[steps]]
operation = "{operation}"
"""
_WHOLE = """summary = "What is measured."
kinds = ["chat"]
[[steps]]
operation = "validate"
[[steps]]
operation = "exact-duplicates"
[[steps]]
operation = "near-duplicates"
[[steps]]
operation = "split"
"""
_MEASURED = """
import json, time
from pathlib import Path
start = time.perf_counter()
{work}
most = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(json.dumps(dict(
    rows=rows, found=found, seconds=time.perf_counter() - start, cpu=time.process_time(),
    megabytes=int(most) / 1000,
)))
"""
_OURS = """
from workbench.datasets.making import Order, make
from workbench.datasets.recipe import parse
recipe = parse({recipe!r}, "measured")
_, outcome = make(Order(recipe=recipe, inputs=(Path({path!r}),), processes=1), lambda _: None)
rows, found = outcome.rows_in, outcome.rows_quarantined
"""
_DATASKETCH = """
from datasketch import MinHash, MinHashLSH
index, rows, found = MinHashLSH(threshold=0.7, num_perm=128), 0, 0
for line in open({path!r}, "rb"):
    words = " ".join(turn["content"] for turn in json.loads(line)["messages"]).lower().split()
    signature = MinHash(num_perm=128)
    signature.update_batch([" ".join(words[at:at + 3]).encode() for at in range(max(len(words) - 2, 1))])
    rows += 1
    if any(index.query(signature)):
        found += 1
    else:
        index.insert(str(rows), signature)
    if rows == {limit}:
        break
"""


def measured(work: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED.format(work=work)], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def ours(path: Path, operation: str) -> dict[str, float]:
    return measured(_OURS.format(recipe=_RECIPE.format(operation=operation), path=str(path)))


def whole(path: Path, folder: Path) -> None:
    """What the command takes for everything, from the file to the folder."""
    recipe = folder / "measured.toml"
    recipe.write_text(_WHOLE)
    begun = time.perf_counter()
    process = psutil.Popen(
        [sys.executable, "-m", "workbench", "recipe", "run", str(recipe), "--in", str(path), "-o",
         str(folder / "set"), "--json"], stdout=subprocess.PIPE,
    )  # fmt: skip
    most = 0
    while process.poll() is None:
        most = max(most, _resident(process))
        time.sleep(0.05)
    seconds = time.perf_counter() - begun
    outcome = json.loads(process.stdout.read())
    print(
        f"from file to folder: {path.stat().st_size / 1e6:.0f} MB, {outcome['rows_in']} rows,"
        f" {outcome['rows_out']} written, {seconds:.0f} s, {most / 1e6:.0f} MB of memory"
    )


def _resident(process: psutil.Process) -> int:
    """Bytes of a process and all that it started."""
    total = 0
    with suppress(psutil.Error):
        for one in [process, *process.children(recursive=True)]:
            with suppress(psutil.Error):
                total += one.memory_info().rss
    return total


def write_large(path: Path, megabytes: int) -> None:
    """The same planted rows again and again, each time in other letters, so that none is a copy of before."""
    rows = [json.loads(line)["messages"] for line in planted(_COPIES, most_words=_MOST_WORDS).lines]
    said = [[turn["content"].encode() for turn in row] for row in rows]
    dice, size = random.Random(1), 0
    with open(path, "wb") as file:
        while size < megabytes * 1_000_000:
            letters = bytes.maketrans(_LETTERS, bytes(dice.sample(_LETTERS, len(_LETTERS))))
            size += sum(file.write(_LINE % tuple(one.translate(letters) for one in row)) for row in said)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--megabytes", type=int, default=2000)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--whole", type=int, default=0, metavar="MEGABYTES")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.whole:
            write_large(Path(folder) / "whole.jsonl", asked.whole)
            whole(Path(folder) / "whole.jsonl", Path(folder))
            return
        near = planted(asked.rows, most_words=_MOST_WORDS).write(Path(folder) / "near.jsonl")
        large = Path(folder) / "large.jsonl"
        write_large(large, asked.megabytes)
        report(large, near, asked.rows)


def report(large: Path, near: Path, rows: int) -> None:
    exact = ours(large, "exact-duplicates")
    size = large.stat().st_size / 1e6
    _tell("validate, exact duplicates", exact)
    print(f"  {size / exact['seconds']:.0f} MB/s of {size:.0f} MB")
    found = ours(near, "near-duplicates")
    theirs = measured(_DATASKETCH.format(path=str(near), limit=rows // 5))
    _tell("near duplicates", found)
    _tell("datasketch, a fifth of them", theirs)
    ours_rate, their_rate = (one["rows"] / one["cpu"] for one in (found, theirs))
    print(f"  rows a second of one core: {ours_rate:.0f}, datasketch {their_rate:.0f}")
    print(f"  {ours_rate / their_rate:.1f} times as many")


def _tell(name: str, figures: dict[str, float]) -> None:
    print(
        f"{name}: {figures['rows']:.0f} rows, {figures['found']:.0f} found, {figures['seconds']:.1f} s,"
        f" {figures['cpu']:.1f} s of CPU, {figures['megabytes']:.0f} MB of memory"
    )


if __name__ == "__main__":
    main()
