"""`workbench bench` in other forms, and why a model is as fast as it is."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.process import Workbench

QUICK = ("--prompt", "32", "--generate", "8", "--repetitions", "2")


def test_csv_and_markdown_are_all_that_is_printed(workbench: Workbench, script: str) -> None:
    table = workbench("bench", script, *QUICK, "--csv")
    assert table.returncode == 0, table.stderr
    assert [row["test"] for row in csv.DictReader(io.StringIO(table.stdout))] == ["pp32", "tg8"]
    told = workbench("bench", script, *QUICK, "--markdown").stdout.splitlines()
    assert len(told) == 4 and all(line.startswith("| ") for line in told)


def test_llama_bench_json_is_of_passes_alone(workbench: Workbench) -> None:
    done = workbench("bench", "guide", *QUICK, "--llama-bench-json")
    assert done.returncode == 0, done.stderr
    entries = json.loads(done.stdout)
    assert [(one["n_prompt"], one["n_gen"]) for one in entries] == [(32, 0), (0, 8)]
    assert entries[0]["build_commit"] not in ("", "unknown")
    assert entries[0]["model_filename"].endswith(".gguf") and entries[0]["model_n_params"] > 1e6


def test_charts_are_shown_and_written(workbench: Workbench, tmp_path: Path) -> None:
    picture = tmp_path / "speed.svg"
    done = workbench("bench", "guide", *QUICK, "--depth", "0", "--depth", "64", "--svg", str(picture))
    assert done.returncode == 0, done.stderr
    assert "tokens/s read by depth, in tokens" in done.stdout
    texts = {one.text for one in ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}text")}
    assert {"pp32", "tg8", "64"} <= texts


@pytest.mark.parametrize("more", ["--json", "--why"])
def test_forms_that_exclude_each_other_are_refused(workbench: Workbench, script: str, more: str) -> None:
    refused = workbench("bench", script, "--csv", more)
    assert refused.returncode == 2 and "--csv goes with neither" in refused.stderr


@pytest.mark.slow
def test_why_tells_where_the_time_goes(workbench: Workbench) -> None:
    done = workbench("bench", "guide", *QUICK, "--depth", "64", "--why", "--json")
    assert done.returncode == 0, done.stderr
    why = json.loads(done.stdout)["why"]
    writing, reading = why["accounts"]
    for account in (writing, reading):
        assert account["depth"] == 64 and account["basis"] == "measured"
        assert sum(part["share"] for part in account["parts"]) == pytest.approx(1)
        assert sum(part["seconds"] for part in account["parts"]) == pytest.approx(account["seconds"])
    weights = writing["parts"][0] if writing["parts"][0]["amount"] else writing["parts"][1]
    assert weights["ceiling"]["per_second"] > 1e8
    assert all(one["gain"] >= 1.05 and one["basis"] for one in why["suggestions"])
    assert any("threads" in note for note in why["notes"])


def test_why_is_refused_where_an_engine_does_not_tell(workbench: Workbench, script: str) -> None:
    refused = workbench("bench", script, *QUICK, "--why")
    assert refused.returncode == 2 and "Leave --why out" in refused.stderr
    assert not refused.stdout  # nothing was measured before
