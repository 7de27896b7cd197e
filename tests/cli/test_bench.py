"""`workbench bench`: its table, its JSON and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_server_is_measured_beside_its_own_engine(workbench: Workbench) -> None:
    sizes = ("--prompt", "64", "--generate", "32", "--depth", "32", "--repetitions", "2")
    done = workbench("bench", "guide", *sizes, "--parallel", "2", "--through-server", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    rows = [(row["test"], row["parallel"], row["method"]) for row in document["results"]]
    assert rows == [
        (test, count, method)
        for count, bare in ((1, "passes"), (2, "requests"))
        for test in ("pp64", "tg32")
        for method in (bare, "endpoint")
    ]
    assert [(one["test"], one["parallel"], one["method"]) for one in document["overhead"]] == [
        ("pp64", 1, "passes"),
        ("tg32", 1, "passes"),
        ("pp64", 2, "requests"),
        ("tg32", 2, "requests"),
    ]
    assert all(one["share"] > -1 and one["spread_share"] >= 0 for one in document["overhead"])
    later = [one["first_token_seconds"] for one in document["overhead"]]
    assert [seconds is None for seconds in later] == [False, True, False, True]
    assert document["memory"]["host_bytes"] > document["size_bytes"]


def test_a_server_that_cannot_load_the_model_says_why(workbench: Workbench, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(64))
    alone, served = (workbench("bench", str(broken), *QUICK, *more) for more in ((), ("--through-server",)))
    assert (served.returncode, served.stderr) == (alone.returncode, alone.stderr) and alone.returncode


def test_a_server_elsewhere_is_measured_by_its_address(workbench: Workbench, script: str) -> None:
    server = workbench.start("serve", script, "--port", "0")
    assert server.stderr is not None
    lines = (line.decode() for line in server.stderr)
    url = next(match[1] for line in lines if (match := re.search(r"Serving at (\S+);", line)))
    done = workbench("bench", "--url", url, *QUICK, "--parallel", "2", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["results"]
    tests = [("pp64", 1), ("tg8", 1), ("pp64", 2), ("tg8", 2)]
    assert [(row["test"], row["parallel"]) for row in rows] == tests
    assert {row["method"] for row in rows} == {"requests"}
    assert all(row["tokens_per_second"] > 0 for row in rows)
    assert workbench("bench", url, *QUICK).stdout.count("±") == 2
    refused = workbench("bench", url, "--through-server")
    assert refused.returncode == 2 and "run here" in refused.stderr


def test_a_model_must_be_named(workbench: Workbench) -> None:
    assert workbench("bench").returncode == 2
