"""`workbench recipe` as a person calls it: what it prints, writes and ends with."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.cli.process import Workbench
from tests.datasets.planting import planted, with_broken


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return with_broken(planted(300)).write(tmp_path / "rows.jsonl")


def test_a_dataset_is_made_and_told_in_one_document(workbench: Workbench, rows: Path, tmp_path: Path) -> None:
    target = tmp_path / "set"
    result = workbench(
        "recipe", "run", "sft-chat", "--in", str(rows), "-o", str(target), "--to", "axolotl",
        "--set", "split.valid=0.2", "--json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["rows_in"] == told["rows_out"] + told["rows_quarantined"] == 308
    assert told["splits"].keys() == {"train", "valid"}
    written = (target / "axolotl" / "valid.jsonl").read_bytes().count(b"\n")
    assert told["splits"]["valid"] == written > 20
    assert (target / "report" / "report.md").read_text().startswith("# sft-chat")


def test_a_check_writes_nothing_and_fails_where_rows_are_broken(
    workbench: Workbench, rows: Path, tmp_path: Path
) -> None:
    before = sorted(tmp_path.iterdir())
    result = workbench("recipe", "check", str(rows))
    assert result.returncode == 1
    assert "error: duplicate-key, 1 row" in result.stdout
    assert f"{rows}:301" in result.stdout
    assert sorted(tmp_path.iterdir()) == before


def test_a_check_of_sound_rows_passes_and_a_strict_one_heeds_warnings(
    workbench: Workbench, tmp_path: Path
) -> None:
    sound = planted(50, exact=0, near=0).write(tmp_path / "sound.jsonl")
    twice = planted(50, exact=0.3, near=0).write(tmp_path / "twice.jsonl")
    assert workbench("recipe", "check", str(sound)).returncode == 0
    assert workbench("recipe", "check", str(twice)).returncode == 0
    assert workbench("recipe", "check", "--strict", str(twice)).returncode == 1


def test_a_check_takes_further_steps(workbench: Workbench, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    row = {
        "prompt": "Pourquoi le ciel est-il bleu ?",
        "completion": "Parce que l'air diffuse la lumière bleue.",
    }
    path.write_text(json.dumps(row) + "\n")
    added = ("--with", "language", "--set", "language.languages=['fr']")
    result = workbench("recipe", "check", str(path), *added)
    assert result.returncode == 0, result.stderr
    assert "Languages: 1 fr" in result.stdout


def test_leaks_fail(workbench: Workbench, rows: Path, tmp_path: Path) -> None:
    other = planted(50, seed=8).write(tmp_path / "other.jsonl")
    assert workbench("recipe", "run", "leak-check", "--in", str(other), "--in", str(other)).returncode == 2
    copied = tmp_path / "copied.jsonl"
    copied.write_bytes(other.read_bytes())
    leaking = workbench("recipe", "run", "leak-check", "--in", str(other), "--in", str(copied), "--json")
    assert leaking.returncode == 1
    assert json.loads(leaking.stdout)["rejected"] == {"leak": 50}


def test_recipes_are_listed_and_a_printed_one_can_be_run(
    workbench: Workbench, rows: Path, tmp_path: Path
) -> None:
    names = [one["name"] for one in json.loads(workbench("recipe", "list", "--json").stdout)]
    assert {"inspect", "sft-chat", "sft-instruct", "preference", "kto", "convert", "leak-check"} <= set(names)
    mine = tmp_path / "mine.toml"
    mine.write_text(workbench("recipe", "show", "sft-chat").stdout)
    result = workbench("recipe", "run", str(mine), "--in", str(rows), "--sample", "100")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("# mine")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("run", "sft-poem", "--in", "rows.jsonl", "-o", "set"), "no recipe 'sft-poem'"),
        (("run", "sft-chat", "--in", "nowhere.jsonl", "-o", "set"), "cannot be read"),
        (("run", "sft-chat", "--in", "rows.jsonl"), "not said where"),
        (("run", "sft-chat", "--in", "rows.jsonl", "-o", "set", "--set", "split=1"), "no step"),
        (("run", "sft-chat", "--in", "rows.jsonl", "-o", "set", "--to", "word"), "no format"),
    ],
)
def test_mistakes_are_one_clear_error(workbench: Workbench, arguments: tuple[str, ...], word: str) -> None:
    result = workbench("recipe", *arguments)
    assert result.returncode == 2
    assert word in result.stderr


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_and_gives_the_same_bytes(workbench: Workbench, tmp_path: Path) -> None:
    rows = planted(27_000).write(tmp_path / "rows.jsonl")
    call = ("recipe", "run", "sft-chat", "--in", str(rows), "--processes", "1")
    process = workbench.start(*call, "-o", str(tmp_path / "killed"))
    first = tmp_path / "killed" / ".unfinished" / "parts" / "000000" / "summary.json"
    while not first.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = first.stat().st_mtime_ns
    assert workbench(*call, "-o", str(tmp_path / "whole")).returncode == 0
    again = workbench.start(*call, "-o", str(tmp_path / "killed"))
    while (tmp_path / "killed" / ".unfinished" / "parts").exists():
        assert not first.exists() or first.stat().st_mtime_ns == done
        time.sleep(0.01)
    assert again.wait() == 0
    for name in ("messages/train.jsonl", "messages/valid.jsonl", "report/quarantine.jsonl", "recipe.lock"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
