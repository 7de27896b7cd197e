"""Runs as `llama-bench -o json` prints them, for everything that reads those.

Its tests are passes over the model alone; other measurements it does not have. Fields that say how a thread
waits, or where unused things go, are those of its own defaults, which are the engine's as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, stdev
from typing import Any

from workbench import wording
from workbench.benchmark.result import Result, Run
from workbench.engine_settings import EngineSettings
from workbench.errors import Unsupported
from workbench.machine import Machine

_BATCH = 2048
_FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}


def llama_bench_document(runs: Sequence[Run], here: Machine, commit: str) -> list[dict[str, Any]]:
    """One entry for each test, in the order of the runs; `commit` is the engine's.

    Raises Unsupported where nothing is as llama-bench measures.
    """
    entries = [entry for run in runs for entry in _entries(run, here, commit)]
    if not entries:
        raise Unsupported("Nothing was measured as llama-bench does: passes alone.", "Use --json.")
    return entries


def _entries(run: Run, here: Machine, commit: str) -> Iterator[dict[str, Any]]:
    for result in run.results:
        if result.method == "passes":
            yield {
                **_build(run, here, commit),
                **_model(run),
                **_settings(run.settings, here),
                **_test(run, result),
            }


def _build(run: Run, here: Machine, commit: str) -> dict[str, Any]:
    on_cards = run.facts.placement != "CPU"
    apis = sorted({gpu.api.upper() for gpu in here.gpus if gpu.api}) if on_cards else []
    return {
        "build_commit": commit[:7] or "unknown",
        "build_number": 0,
        "cpu_info": here.cpu,
        "gpu_info": ", ".join(gpu.name for gpu in here.gpus) if on_cards else "",
        "backends": ",".join(apis) or "CPU",
    }


def _model(run: Run) -> dict[str, Any]:
    facts = run.facts
    return {
        "model_filename": run.path,
        "model_type": f"{facts.architecture} {wording.short(facts.parameters)} {facts.quantization}",
        "model_size": facts.size_bytes,
        "model_n_params": facts.parameters,
    }


def _settings(settings: EngineSettings, here: Machine) -> dict[str, Any]:
    return {
        "n_batch": max(_BATCH, settings.micro_batch),
        "n_ubatch": settings.micro_batch,
        "n_threads": settings.threads or here.physical_cores,
        "cpu_mask": "0x0",
        "cpu_strict": False,
        "poll": 50,
        "type_k": settings.kv_type_k,
        "type_v": settings.kv_type_v,
        "n_gpu_layers": -1 if settings.gpu_layers is None else settings.gpu_layers,
        "n_cpu_moe": settings.experts_on_cpu,
        "split_mode": "layer",
        "main_gpu": 0,
        "no_kv_offload": False,
        "flash_attn": _FLASH_ATTENTION[settings.flash_attention],
        "devices": "/".join(settings.devices) or "auto",
        "tensor_split": "/".join(f"{share:.2f}" for share in settings.split) or "0.00",
        "tensor_buft_overrides": ";".join(f"{one.pattern}={one.buffer}" for one in settings.tensor_overrides)
        or "none",
        "load_mode": "auto",
        "lazy_mode": "auto",
        "embeddings": False,
        "no_op_offload": 0,
        "no_host": False,
        "repack": True,
        "fit_target": 0,
        "fit_min_ctx": 0,
    }


def _test(run: Run, result: Result) -> dict[str, Any]:
    """Means, not medians, as llama-bench has them."""
    speeds, size = result.samples, result.test.size
    times = [round(size / speed * 1e9) for speed in speeds]
    return {
        "n_prompt": result.test.prompt,
        "n_gen": result.test.generate,
        "n_depth": result.test.depth,
        "test_time": f"{run.started:%Y-%m-%dT%H:%M:%SZ}",
        "avg_ns": round(fmean(times)),
        "stddev_ns": round(stdev(times)) if len(times) > 1 else 0,
        "avg_ts": fmean(speeds),
        "stddev_ts": result.spread,
        "samples_ns": times,
        "samples_ts": list(speeds),
    }
