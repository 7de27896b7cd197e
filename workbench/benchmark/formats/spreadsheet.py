"""Runs as CSV, a line for each test, so that a spreadsheet or a data frame opens them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from workbench.benchmark.result import Result, Run


def csv_text(runs: Sequence[Run]) -> str:
    """With a line of headings. What the system does not tell is empty."""
    rows = [row for run in runs for row in _rows(run)]
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0] if rows else (), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _rows(run: Run) -> Iterator[dict[str, object]]:
    about = {
        "model": run.model,
        "architecture": run.facts.architecture,
        "quantization": run.facts.quantization,
        "parameters": run.facts.parameters,
        "size_bytes": run.facts.size_bytes,
        "backend": run.backend,
        "placement": run.facts.placement,
        "started": run.started.isoformat(),
        "peak_memory_bytes": run.memory.host_bytes if run.memory else None,
    }
    for result in run.results:
        yield about | _row(result)


def _row(result: Result) -> dict[str, object]:
    first = result.first_token
    return {
        "test": result.test.name,
        "depth": result.test.depth,
        "parallel": result.test.parallel,
        "method": result.method,
        "repetitions": len(result.samples),
        "tokens_per_second": result.tokens_per_second,
        "spread": result.spread,
        "tokens_per_second_each": result.tokens_per_second_each,
        "first_token_seconds": first.median if first else None,
        "first_token_p95_seconds": first.p95 if first else None,
        "joules_per_token": result.joules_per_token,
        "flags": " ".join(dict.fromkeys(flag.kind for flag in result.flags)),
        "basis": "measured",
    }
