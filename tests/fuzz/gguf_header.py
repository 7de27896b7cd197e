"""Fuzz the header reader: by coverage where `atheris` is installed, else by mutation alone.

    python -m tests.fuzz.gguf_header [--runs 1000000] [--corpus FOLDER] [--plain]

Ends with what was run; an input that breaks a promise is written to a file and named. The corpus folder is
read and added to, so that a later run goes on where this one ended. Knows atheris, not what is promised.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from pathlib import Path
from tempfile import gettempdir

PACKAGES = ["workbench.gguf"]


def fuzz(runs: int, corpus: Path) -> None:
    """Let atheris choose the inputs. Does not return."""
    import atheris

    with atheris.instrument_imports(include=PACKAGES):
        from tests.fuzz.examination import examine
    from tests.fuzz.mutation import LONGEST, mutated, seeds

    starts = seeds()
    for number, data in enumerate(starts):
        (corpus / f"seed-{number}").write_bytes(data)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        dice = random.Random(seed)
        if dice.random() < 0.5:
            return atheris.Mutate(data, most)
        return mutated(data, starts, dice)[:most]

    limits = [
        f"-runs={runs}",
        f"-max_len={LONGEST}",
        "-rss_limit_mb=1024",
        "-timeout=5",
        "-print_final_stats=1",
        f"-artifact_prefix={corpus}/",
    ]
    atheris.Setup(
        [sys.argv[0], *limits, str(corpus)], lambda data: examine(data) and None, custom_mutator=mutate
    )
    atheris.Fuzz()


def fuzz_plainly(runs: int, corpus: Path) -> None:
    """Mutate the seeds, without looking at what is reached."""
    from tests.fuzz.examination import examine, kind_of
    from tests.fuzz.mutation import mutated, seeds

    dice, starts, kinds, started = random.Random(), seeds(), set(), time.monotonic()
    for _ in range(runs):
        data = mutated(dice.choice(starts), starts, dice)
        try:
            kinds.add(kind_of(examine(data)))
        except Exception:
            (corpus / "crash").write_bytes(data)
            print(f"This input breaks a promise: {corpus / 'crash'}")
            raise
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    pace = runs / (time.monotonic() - started)
    print(f"{runs} inputs, {pace:.0f}/s, {len(kinds)} different ends, {peak} MiB at most")


def main() -> None:
    parser = argparse.ArgumentParser(description="Fuzz the GGUF header reader.")
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--corpus", type=Path, default=Path(gettempdir()) / "gguf-header")
    parser.add_argument("--plain", action="store_true", help="mutate without atheris")
    arguments = parser.parse_args()
    arguments.corpus.mkdir(parents=True, exist_ok=True)
    try:
        (fuzz_plainly if arguments.plain else fuzz)(arguments.runs, arguments.corpus)
    except ModuleNotFoundError as error:
        if error.name != "atheris":
            raise
        print("atheris is not installed: the inputs are mutated without looking at what they reach.")
        fuzz_plainly(arguments.runs, arguments.corpus)


if __name__ == "__main__":
    main()
