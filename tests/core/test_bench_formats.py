"""Runs in the forms that others read: CSV, Markdown, llama-bench's JSON and charts."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from workbench.backend import ModelFacts
from workbench.benchmark import Result, Run
from workbench.benchmark.formats.charts import charts
from workbench.benchmark.formats.llama_bench import llama_bench_document
from workbench.benchmark.formats.markdown import markdown
from workbench.benchmark.formats.spreadsheet import csv_text
from workbench.benchmark.result import PeakMemory
from workbench.benchmark.workload import SpeedTest
from workbench.engine_settings import EngineSettings
from workbench.errors import Unsupported
from workbench.machine import machine
from workbench.machine.gpus import Gpu
from workbench.picture import lettered, svg

LLAMA_BENCH = {
    "build_commit": str, "build_number": int, "cpu_info": str, "gpu_info": str, "backends": str,
    "model_filename": str, "model_type": str, "model_size": int, "model_n_params": int, "n_batch": int,
    "n_ubatch": int, "n_threads": int, "cpu_mask": str, "cpu_strict": bool, "poll": int, "type_k": str,
    "type_v": str, "n_gpu_layers": int, "n_cpu_moe": int, "split_mode": str, "main_gpu": int,
    "no_kv_offload": bool, "flash_attn": int, "devices": str, "tensor_split": str,
    "tensor_buft_overrides": str, "load_mode": str, "lazy_mode": str, "embeddings": bool,
    "no_op_offload": int, "no_host": bool, "repack": bool, "fit_target": int, "fit_min_ctx": int,
    "n_prompt": int, "n_gen": int, "n_depth": int, "test_time": str, "avg_ns": int, "stddev_ns": int,
    "avg_ts": float, "stddev_ts": float, "samples_ns": list, "samples_ts": list,
}  # fmt: skip
"""What `llama-bench -o json` prints, in its order."""


def result(prompt: int, generate: int, depth: int, *samples: float, requests: int | None = None) -> Result:
    method = "requests" if requests else "passes"
    each = tuple(sample / (requests or 1) for sample in samples)
    return Result(SpeedTest(prompt, generate, depth, requests), samples, method, each=each)


RUN = Run(
    model="a|b",
    path="/models/a.gguf",
    backend="llama-cpp",
    facts=ModelFacts(
        architecture="llama",
        context_length=4096,
        trained_context=4096,
        parallel=1,
        vocabulary_size=1000,
        parameters=8_000_000_000,
        size_bytes=5 << 30,
        quantization="Q4_K_M",
    ),
    settings=EngineSettings(context_length=4096, kv_type_k="q8_0", flash_attention="on", threads=6),
    started=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
    seconds=30.0,
    results=(
        result(512, 0, 0, 200.0, 220.0, 210.0),
        result(0, 128, 0, 20.0, 22.0, 21.0),
        result(512, 0, 4096, 100.0),
        result(0, 128, 4096, 15.0),
        result(0, 128, 0, 21.0, requests=1),
        result(0, 128, 0, 60.0, requests=4),
    ),
    memory=PeakMemory(host_bytes=6 << 30, cards={}),
)


def test_csv_has_a_line_for_each_test() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text([RUN, replace(RUN, model='with "quotes", and so')]))))
    assert len(rows) == 12
    assert rows[0] | {"model": "a|b", "test": "pp512", "tokens_per_second": "210.0", "depth": "0"} == rows[0]
    assert rows[5]["parallel"] == "4" and rows[5]["tokens_per_second_each"] == "15.0"
    assert rows[0]["joules_per_token"] == "" and rows[0]["basis"] == "measured"
    assert rows[6]["model"] == 'with "quotes", and so'


def test_markdown_is_a_table_as_llama_bench_has_it() -> None:
    lines = markdown([RUN]).splitlines()
    assert lines[0].startswith("| model |") and set(lines[1]) <= set("|-: ")
    assert len(lines) == 8 and lines[2].count(" | ") == 5
    assert lines[2] == r"| a\|b Q4_K_M | 5.0 GiB | 8.0B | CPU | pp512 | 210.00 ± 10.00 |"
    assert "| pp512 @ d4096 |" in lines[4] and "| tg128 x4 |" in lines[7]


def test_llama_bench_json_has_its_fields_in_its_order_and_types() -> None:
    entries = json.loads(json.dumps(llama_bench_document([RUN], machine(), "abcdef0123")))
    assert [(one["n_prompt"], one["n_gen"], one["n_depth"]) for one in entries] == [
        (512, 0, 0),
        (0, 128, 0),
        (512, 0, 4096),
        (0, 128, 4096),
    ]
    for entry in entries:
        assert {name: type(value) for name, value in entry.items()} == LLAMA_BENCH
        assert list(entry) == list(LLAMA_BENCH)


def test_llama_bench_json_says_how_it_was_loaded_and_what_came_out() -> None:
    entry = llama_bench_document([RUN], machine(), "abcdef0123")[0]
    assert entry["samples_ts"] == [200.0, 220.0, 210.0]
    assert entry["samples_ns"][0] == round(512 / 200 * 1e9)
    assert entry["avg_ts"] == pytest.approx(210) and entry["stddev_ts"] == pytest.approx(10)
    assert entry["test_time"] == "2026-03-01T12:30:00Z" and entry["build_commit"] == "abcdef0"
    assert (entry["type_k"], entry["type_v"], entry["flash_attn"]) == ("q8_0", "f16", 1)
    assert (entry["n_threads"], entry["n_gpu_layers"], entry["backends"]) == (6, -1, "CPU")


def test_llama_bench_json_names_cards_where_they_compute() -> None:
    here = replace(machine(), gpus=(Gpu(name="Big", api="cuda"),))
    on_card = replace(RUN, facts=replace(RUN.facts, placement="33 of 33 layers on the GPU"))
    assert llama_bench_document([RUN], here, "")[0]["gpu_info"] == ""
    entry = llama_bench_document([on_card], here, "")[0]
    assert (entry["gpu_info"], entry["backends"]) == ("Big", "CUDA")


def test_llama_bench_json_of_requests_alone_is_refused() -> None:
    with pytest.raises(Unsupported, match="passes alone"):
        llama_bench_document([replace(RUN, results=RUN.results[4:])], machine(), "")


def test_charts_show_depths_and_requests_at_once() -> None:
    read, written, at_once = charts([RUN])
    assert [[(point.x, point.y) for point in one.points] for one in (*read.series, *written.series)] == [
        [(0, 210.0), (4096, 100.0)],
        [(0, 21.0), (4096, 15.0)],
    ]
    assert [(one.name, [point.y for point in one.points]) for one in at_once.series] == [
        ("tg128, all", [21.0, 60.0]),
        ("tg128, each", [21.0, 15.0]),
    ]
    assert all(lettered(chart) for chart in (read, written, at_once))
    ElementTree.fromstring(svg(read, written, at_once))


def test_charts_of_a_single_place_are_drawn_only_where_asked_for() -> None:
    flat = replace(RUN, results=RUN.results[:2])
    assert charts([flat]) == []
    assert [len(chart.points) for chart in charts([flat], flat=True)] == [1, 1]


def test_charts_of_several_models_tell_them_apart() -> None:
    names = [one.name for one in charts([RUN, replace(RUN, model="c")])[0].series]
    assert names == ["a|b pp512", "c pp512"]
