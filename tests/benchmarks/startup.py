"""What `workbench --help` costs in processor time, as a multiple of `python -c pass`.

    python tests/benchmarks/startup.py [RUNS]

The two alternate, and the cheapest run of each counts: load on the machine can only add.
"""

from __future__ import annotations

import resource
import subprocess
import sys

BARE = [sys.executable, "-c", "pass"]
HELP = [sys.executable, "-m", "workbench", "--help"]


def processor_seconds(command: list[str]) -> float:
    """User and system time of the command and all it starts."""
    before = _of_children()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    pairs = [(processor_seconds(BARE), processor_seconds(HELP)) for _ in range(runs)]
    bare, shown = (min(times) for times in zip(*pairs, strict=True))
    print(f"python -c pass    {bare * 1000:6.1f} ms")
    print(f"workbench --help  {shown * 1000:6.1f} ms")
    print(f"ratio             {shown / bare:6.2f}")


if __name__ == "__main__":
    main()
