"""`workbench bench`: its table, its JSON and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.process import Workbench

QUICK = ("--prompt", "64", "--generate", "8", "--repetitions", "2")


def test_json_has_the_agreed_shape(workbench: Workbench) -> None:
    done = workbench("bench", "guide", *QUICK, "--depth", "0", "--depth", "64", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["model"] == "guide"
    assert [(row["test"], row["depth"]) for row in document["results"]] == [
        ("pp64", 0),
        ("tg8", 0),
        ("pp64", 64),
        ("tg8", 64),
    ]
    for row in document["results"]:
        assert (row["basis"], row["method"], row["parallel"]) == ("measured", "passes", 1)
        assert len(row["samples"]) == 2
        assert row["tokens_per_second"] > 0 and row["spread"] >= 0
        first = row["time_to_first_token"]
        assert (first is None) == row["test"].startswith("tg")
        assert first is None or 0 < first["median"] <= first["p95"]
    assert document["memory"]["host_bytes"] > document["size_bytes"] > 10**6
    assert document["settings"]["context_length"] >= 129
    assert (document["backend"], document["architecture"]) == ("llama-cpp", "llama")


def test_several_at_once_are_measured_together_and_each(workbench: Workbench) -> None:
    sizes = ("--prompt", "0", "--generate", "8", "--generate", "16", "--depth", "32", "--repetitions", "2")
    done = workbench("bench", "guide", *sizes, "--parallel", "1", "--parallel", "3", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["results"]
    assert [(row["test"], row["parallel"], row["method"]) for row in rows] == [
        (test, count, method)
        for method, count in (("passes", 1), ("requests", 1), ("requests", 3))
        for test in ("tg8", "tg16")
    ]
    for row in rows[4:]:
        assert row["tokens_per_second"] > 1.2 * row["tokens_per_second_each"]


def test_several_models_make_a_table_each_and_one_list(workbench: Workbench, script: str) -> None:
    done = workbench("bench", script, "guide", *QUICK, "--json")
    assert [(one["backend"], one["results"][0]["method"]) for one in json.loads(done.stdout)] == [
        ("scripted", "requests"),
        ("llama-cpp", "passes"),
    ]
    told = workbench("bench", script, "guide", *QUICK)
    assert sum(line.split()[:2] == ["test", "depth"] for line in told.stdout.splitlines()) == 2


def test_a_model_that_fails_does_not_cost_the_others_results(workbench: Workbench, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"no model")
    done = workbench("bench", str(broken), "guide", *QUICK, "--json")
    assert done.returncode != 0 and "broken" in done.stderr
    assert [one["model"] for one in json.loads(done.stdout)] == ["guide"]


def test_the_table_has_a_line_for_each_test(workbench: Workbench, script: str) -> None:
    done = workbench("bench", script, *QUICK)
    lines = done.stdout.splitlines()
    assert " ".join(lines[1].split()) == "test depth tokens/s spread first token 95 % within"
    assert [line.split()[0] for line in lines[2:4]] == ["pp64", "tg8"]
    assert all("±" in line for line in lines[2:4])
    assert "memory" in lines[-1]


def test_a_context_that_is_too_small_is_refused(workbench: Workbench, script: str) -> None:
    refused = workbench("bench", script, "--context", "64")
    assert refused.returncode == 2
    assert "need a context of 768 tokens, not 64" in refused.stderr


def test_a_depth_is_refused_where_no_prefix_is_kept(workbench: Workbench, script: str) -> None:
    refused = workbench("bench", script, *QUICK, "--depth", "32")
    assert refused.returncode == 2
    assert "--depth 0" in refused.stderr


def test_nothing_to_measure_is_refused(workbench: Workbench, script: str) -> None:
    assert workbench("bench", script, "--prompt", "0", "--generate", "0").returncode == 2
