"""The bundled model before and after it was taught capitals, by a set that sft-chat made and by TRL.

    python -m tests.benchmarks.finetune [--epochs 6] [--write]

The table is printed, and with --write kept beside this file. It takes about ten minutes
on two cores that do nothing else.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import workbench_guide
from tests.finetuning.evaluating import evaluated
from tests.finetuning.lessons import CAPITALS, GENERATION_TEMPLATE, WORDINGS, known, lesson
from tests.finetuning.training import trained
from tests.finetuning.twin import twin

TABLE = Path(__file__).with_suffix(".md")
_MOST_ROWS = 100
_INTRODUCTION = """\
# What a fine-tune learns, as `workbench recipe evaluate` tells it

`guide` (5.8 million parameters), read out of its GGUF into transformers, was trained with TRL on the
processor by {train} conversations that `sft-chat` made of {rows}: capitals, asked in {wordings} ways and
answered as JSON; {valid} were held out. The workbench converted what came of it. Losses are nats per token
of the answers alone, the gap is between rows held out and trained ones, and what is in brackets holds with
95 % certainty. What it knew before are its own questions in {known} wordings that it never met. The seconds
are those on two cores that had much other work.

    python -m tests.benchmarks.finetune --write

"""
_HEADINGS = (
    "tuned", "epochs", "seconds", "loss before", "loss after", "gap", "right before", "right after",
    "keeps to the schema", "ended by itself", "known before and wrong now",
)  # fmt: skip


def lines(folder: Path, epochs: int) -> Iterator[str]:
    """The introduction, and a line for each way of tuning."""
    model, rows = twin(folder / "twin", GENERATION_TEMPLATE), lesson(folder / "lesson", workbench_guide.PATH)
    train, valid = rows / "train.jsonl", rows / "valid.jsonl"
    taught, unmet = known(folder)
    yield _INTRODUCTION.format(
        train=_count(train),
        valid=_count(valid),
        rows=len(CAPITALS) * len(WORDINGS),
        wordings=len(WORDINGS),
        known=_count(unmet),
    )
    yield f"| {' | '.join(_HEADINGS)} |\n|---|{'---:|' * (len(_HEADINGS) - 1)}\n"
    ways: dict[str, tuple[Sequence[Path], bool]] = {
        "all weights": ([train], False),
        "all weights, with its own questions mixed in": ([train, taught], False),
        "LoRA": ([train], True),
    }
    for number, (name, (files, lora)) in enumerate(ways.items()):
        began = time.monotonic()
        tuned = trained(model, files, folder / str(number), epochs=epochs, lora=lora)
        seconds = time.monotonic() - began
        told = evaluated(tuned, rows, unmet, folder, most=_MOST_ROWS)
        yield f"| {' | '.join([name, str(epochs), f'{seconds:.0f}', *_cells(told)])} |\n"


def _count(path: Path) -> int:
    return len(path.read_bytes().splitlines())


def _cells(told: Any) -> list[str]:
    losses, answers, lost = told["losses"]["held_out"], told["answers"], told["regression"]["lost"]
    after = losses["tuned"]["loss"]
    return [
        f"{losses['base']['loss']['value']:.2f}",
        f"{after['value']:.3f} ({after['low']:.3f} to {after['high']:.3f})",
        f"{told['gap']['tuned']['value']:+.3f}",
        _share(answers["base"]["exact"]),
        _share(answers["tuned"]["exact"]),
        _share(answers["tuned"]["schema"]),
        _share(answers["tuned"]["stopped"]),
        f"{_share(lost)} of {lost['rows']}",
    ]


def _share(found: Any) -> str:
    return f"{found['value']:.0%} ({found['low']:.0%} to {found['high']:.0%})"


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--epochs", type=int, default=6)
    options.add_argument("--write", action="store_true")
    asked = options.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        text = ""
        for line in lines(Path(folder), asked.epochs):
            print(line, end="", flush=True)
            text += line
    if asked.write:
        TABLE.write_text(text)


if __name__ == "__main__":
    main()
