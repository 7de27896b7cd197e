"""A run as values that JSON can hold, as `workbench bench --json` prints them. Knows no other format."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import msgspec

from workbench.benchmark.overhead import Overhead, overheads
from workbench.benchmark.result import Result, Run


def run_document(run: Run) -> dict[str, Any]:
    """Times in seconds, sizes in bytes; null is what the system does not tell."""
    return {
        "model": run.model,
        "results": [result_document(result) for result in run.results],
        "overhead": [_overhead_document(overhead) for overhead in overheads(run.results)],
        "path": run.path,
        "backend": run.backend,
        "architecture": run.facts.architecture,
        "quantization": run.facts.quantization,
        "parameters": run.facts.parameters,
        "size_bytes": run.facts.size_bytes,
        "placement": run.facts.placement,
        "settings": msgspec.to_builtins(replace(run.settings, given=frozenset())),
        "started": run.started.isoformat(),
        "seconds": run.seconds,
        "memory": asdict(run.memory) if run.memory else None,
    }


def _overhead_document(overhead: Overhead) -> dict[str, Any]:
    """What the server adds, compared with the bare engine."""
    test = overhead.served.test
    return {
        "test": test.name,
        "depth": test.depth,
        "parallel": test.parallel,
        "method": overhead.bare.method,
        "seconds_per_token": overhead.seconds_per_token,
        "share": overhead.share,
        "spread_share": overhead.spread_share,
        "first_token_seconds": overhead.first_token_seconds,
    }


def result_document(result: Result) -> dict[str, Any]:
    """One test. `basis` says that a number was measured, and `method` how."""
    first = result.first_token
    return {
        "test": result.test.name,
        "depth": result.test.depth,
        "parallel": result.test.parallel,
        "method": result.method,
        "tokens_per_second": result.tokens_per_second,
        "tokens_per_second_each": result.tokens_per_second_each,
        "spread": result.spread,
        "basis": "measured",
        "samples": list(result.samples),
        "time_to_first_token": asdict(first) if first else None,
        "joules_per_token": result.joules_per_token,
        "flags": [asdict(flag) for flag in result.flags],
        "surroundings": asdict(result.surroundings) if result.surroundings else None,
    }
