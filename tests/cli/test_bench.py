"""`workbench bench`: its table, its JSON and what it refuses."""

from __future__ import annotations

import json

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
        assert row["basis"] == "measured"
        assert len(row["samples"]) == 2
        assert row["tokens_per_second"] > 0 and row["spread"] >= 0


def test_the_table_has_a_line_for_each_test(workbench: Workbench, script: str) -> None:
    done = workbench("bench", script, *QUICK)
    lines = done.stdout.splitlines()
    assert lines[1].split() == ["test", "depth", "tokens/s", "spread"]
    assert [line.split()[0] for line in lines[2:]] == ["pp64", "tg8"]
    assert all("±" in line for line in lines[2:])


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
