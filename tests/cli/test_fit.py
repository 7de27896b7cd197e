"""`workbench fit` as a person and a program meet it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.blueprints import Blueprint, models
from tests.blueprints.blueprint import header_bytes
from tests.cli.process import Workbench
from tests.hub import FakeHub

PARTS = ("weights_bytes", "context_bytes", "compute_bytes", "overhead_bytes", "total_bytes")
GIB = 2**30
TOKENIZER = {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": [f"{number:_>40}" for number in range(128_256)],
}


@pytest.fixture
def eight(tmp_path: Path) -> str:
    return hollow(tmp_path / "eight.gguf", models.llama_3_8b())


@pytest.fixture
def experts(tmp_path: Path) -> str:
    return hollow(tmp_path / "experts.gguf", models.qwen3_30b_a3b())


def hollow(path: Path, blueprint: Blueprint) -> str:
    """A file as large as the model's, with its header and no weights."""
    head = header_bytes(blueprint, {"tokenizer.ggml.model": "none"})
    path.write_bytes(head)
    os.truncate(path, len(head) + sum(-(-tensor.size_bytes // 32) * 32 for tensor in blueprint.tensors))
    return str(path)


def document(workbench: Workbench, *arguments: str) -> dict[str, Any]:
    done = workbench("fit", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_document_names_every_part_of_every_device(workbench: Workbench, eight: str) -> None:
    told = document(workbench, eight, "--gpu", "RTX 4090", "--gpu", "RTX 4090", "--context", "4096")
    assert told["basis"] == "dry run" and told["fits"] is True and told["model"] == "eight"
    assert told["settings"]["context_length"] == 4096
    assert [device["name"] for device in told["devices"]] == ["RTX 4090 #1", "RTX 4090 #2"]
    for place in (*told["devices"], told["host"]):
        assert place["total_bytes"] == sum(place[part] for part in PARTS[:-1])
    assert sum(device["context_bytes"] for device in told["devices"]) == 32 * 4096 * 4096
    assert all(device["overhead_bytes"] > 100 << 20 for device in told["devices"])


def test_the_table_has_a_line_for_each_part(workbench: Workbench, eight: str) -> None:
    done = workbench("fit", eight, "--gpu", "RTX 4090")
    heading, _, table, *_ = done.stdout.partition("\n\n")
    lines = table.splitlines()
    assert "8,192 tokens" in heading and lines[0].split("  ")[0] == "dry run"
    assert [line.split()[0] for line in lines[1:8]] == [
        "weights", "context", "compute", "overhead", "total", "free", "to",
    ]  # fmt: skip
    assert "24.0 GiB" in lines[6] and "It fits." in done.stdout
    assert "model of its own" in done.stderr


def test_without_a_gpu_it_is_about_this_machine(workbench: Workbench) -> None:
    told = document(workbench, "guide")
    assert told["devices"] == [] and told["host"]["total_bytes"] > 0 and told["fits"] is True


@pytest.mark.slow
def test_what_does_not_fit_comes_with_changes_that_do(workbench: Workbench, eight: str) -> None:
    told = document(workbench, eight, "--gpu", "8GiB", "--context", "65536", "--ram", "32GiB")
    assert told["fits"] is False and 2 <= len(told["changes"]) <= 3
    for change in told["changes"]:
        again = document(
            workbench, eight, "--gpu", "8GiB", "--ram", "32GiB", *with_context(change["flags"], 65_536)
        )
        assert again["fits"] is True and again["verdict"] == change["verdict"]
    words = workbench("fit", eight, "--gpu", "8GiB", "--context", "65536", "--ram", "32GiB").stdout
    assert "It does not fit" in words and told["changes"][0]["flags"] in words


def with_context(flags: str, context: int) -> list[str]:
    return flags.split() if "--context" in flags else [*flags.split(), "--context", str(context)]


def test_the_plan_is_what_its_flags_give(workbench: Workbench, experts: str) -> None:
    asked = (experts, "--gpu", "RTX 3060", "--ram", "32GiB")
    planned = document(workbench, *asked, "--plan")
    assert planned["fits"] is True and planned["settings"]["experts_on_cpu"] > 0
    assert planned["plan"]["tried"] and planned["plan"]["levers"] and planned["plan"]["dry_runs"] >= 1
    flagged = document(workbench, *asked, *planned["plan"]["flags"].split())
    assert flagged["devices"] == planned["devices"] and flagged["host"] == planned["host"]


def test_the_plan_keeps_what_was_given(workbench: Workbench, experts: str) -> None:
    given = ("--context", "2048", "--kv-type", "f16", "--gpu-layers", "20")
    told = document(workbench, experts, "--gpu", "12GiB", "--aim", "longest-context", *given)
    settings = told["settings"]
    assert settings["kv_type_k"] == "f16" and settings["gpu_layers"] == 20 and settings["experts_on_cpu"] == 0


@pytest.mark.slow
def test_the_frontier_has_a_row_for_each_cache(workbench: Workbench, eight: str) -> None:
    rows = document(workbench, eight, "--gpu", "8GiB", "--ram", "16GiB", "--frontier")["frontier"]
    assert [row["kv_type"] for row in rows] == ["f16", "q8_0", "q4_0"]
    reached = [row["longest_on_gpu"] for row in rows]
    assert reached == sorted(reached) and reached[0] < reached[-1]
    text = workbench("fit", eight, "--gpu", "8GiB", "--ram", "16GiB", "--frontier").stdout
    assert f"{reached[0]:,}" in text and "128k" in text


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--gpu", "RTX 40900"), 2, "RTX 4090"),
        (("--context", "-5"), 2, "context_length is -5"),
        (("--gpu-layers", "34"), 2, "33 layers"),
        (("--experts-on-cpu", "2"), 2, "no experts"),
        (("--kv-type", "q3"), 2, "q8_0"),
        (("--flash-attention", "off", "--kv-type", "q8_0"), 2, "flash attention"),
        (("--aim", "all-on-gpu"), 2, "no GPU"),
        (("--ram", "lots"), 2, "SIZE"),
        (("--gpu", "24GiB", "--device", "CUDA0"), 2, "--device"),
        (("--draft", "nothing-of-that-name"), 3, "nothing-of-that-name"),
        (("--mmproj", "missing.gguf"), 3, "missing.gguf"),
        (("--backend", "mystery"), 6, "mystery"),
    ],
)
def test_bad_input_gets_one_sentence(
    workbench: Workbench, eight: str, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = workbench("fit", eight, *arguments)
    assert done.returncode == code and said in done.stderr
    assert done.stdout == "" and "Traceback" not in done.stderr


def test_a_header_that_lies_is_refused(workbench: Workbench, tmp_path: Path) -> None:
    blueprint = models.llama_3_8b()
    blueprint.say({"block_count": 99})
    lying = hollow(tmp_path / "lying.gguf", blueprint)
    done = workbench("fit", lying, "--gpu", "24GiB")
    assert done.returncode == 4 and "lying.gguf" in done.stderr and done.stdout == ""
    (tmp_path / "no.gguf").write_bytes(b"not a model" * 100)
    assert workbench("fit", str(tmp_path / "no.gguf")).returncode == 4


@pytest.fixture
def hub(workbench: Workbench) -> Any:
    with FakeHub() as running:
        workbench.environment["HF_ENDPOINT"] = running.endpoint
        large = header_bytes(models.llama_3_70b(), TOKENIZER) + bytes(40_000_000)
        running.add_repository(
            "acme/large-GGUF",
            {
                "large-Q4_K_M.gguf": large,
                "large-Q8_0.gguf": header_bytes(models.llama_3_8b(), TOKENIZER),
                "mmproj-F16.gguf": b"P" * 700,
            },
        )
        yield running


def test_of_a_model_on_the_hub_only_the_header_is_fetched_once(workbench: Workbench, hub: FakeHub) -> None:
    asked = ("acme/large-GGUF:Q4_K_M", "--gpu", "RTX 4090", "--gpu", "RTX 4090", "--ram", "64GiB")
    cold = document(workbench, *asked)
    assert sum(record.bytes_sent for record in hub.requests("GET", ".gguf")) <= 20_000_000
    assert cold["devices"][0]["weights_bytes"] > 19 * GIB and cold["host"]["weights_bytes"] > 500 << 20
    assert any("mmproj-F16.gguf" in note for note in cold["notes"])
    requests = len(hub.requests("GET", ".gguf"))
    assert document(workbench, *asked) == cold and len(hub.requests("GET", ".gguf")) == requests
    assert not (workbench.home / "hugging-face").exists()


def test_the_frontier_of_a_repository_has_all_its_quantizations(workbench: Workbench, hub: FakeHub) -> None:
    asked = ("acme/large-GGUF:Q4_K_M", "--gpu", "48GiB", "--ram", "64GiB", "--kv-type", "q8_0", "--frontier")
    rows = document(workbench, *asked)["frontier"]
    assert {(row["quantization"], row["kv_type"]) for row in rows} == {("Q4_K_M", "q8_0"), ("Q8_0", "q8_0")}


def test_a_known_header_serves_the_table_of_quantizations(workbench: Workbench, hub: FakeHub) -> None:
    document(workbench, "acme/large-GGUF:Q4_K_M")
    shown = json.loads(workbench("show", "acme/large-GGUF", "--json").stdout)
    assert {variant["fits"] for variant in shown["variants"]} <= {"yes", "tight", "no"}


@pytest.mark.parametrize(
    ("name", "code"),
    [("acme/large-GGUF:Q9", 3), ("acme/nothing", 3), ("no-such-model", 3), ("./gone.gguf", 3)],
)
def test_what_is_not_there_is_said(workbench: Workbench, hub: FakeHub, name: str, code: int) -> None:
    done = workbench("fit", name)
    assert done.returncode == code and done.stdout == "" and "Traceback" not in done.stderr


def test_a_model_of_another_backend_has_no_header(workbench: Workbench, script: str) -> None:
    done = workbench("fit", script)
    assert done.returncode == 4 and done.stdout == ""


def test_run_refuses_what_does_not_fit_and_says_what_would(workbench: Workbench, eight: str) -> None:
    done = workbench("run", eight, "hello", "--context", "131072", "--parallel", "64")
    assert done.returncode == 5 and "does not fit" in done.stderr and done.stdout == ""
    assert "--context" in done.stderr or "--parallel" in done.stderr or "smaller" in done.stderr
