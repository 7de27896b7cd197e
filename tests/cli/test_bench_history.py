"""`workbench bench` and earlier runs: a slowdown is told, the same thing measured again is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.process import Workbench

SCRIPT = "pause = 0.02\n[[reply]]\ntext = 'on it goes'\n"
QUICK = ("--prompt", "0", "--generate", "12", "--repetitions", "5")
BUSY_WAIT = """
import time
from workbench.runtime.engine_loop import EngineLoop

begin = EngineLoop.__init__

def begin_slowly(self, engine, inbox, send):
    step = engine.step

    def slow_step():
        started = time.perf_counter()
        events = step()
        until = started + 1.15 * (time.perf_counter() - started)
        while time.perf_counter() < until:
            pass
        return events

    engine.step = slow_step
    begin(self, engine, inbox, send)

EngineLoop.__init__ = begin_slowly
"""


@pytest.fixture
def paced(tmp_path: Path) -> str:
    """A model that takes the same time for each token."""
    path = tmp_path / "paced.script.toml"
    path.write_text(SCRIPT)
    return str(path)


@pytest.mark.slow
def test_runs_are_kept_compared_and_exchanged(workbench: Workbench, paced: str, tmp_path: Path) -> None:
    assert json.loads(workbench("history", "--json").stdout) == []
    assert "workbench bench" in workbench("history").stderr
    few = ("--prompt", "0", "--generate", "4", "--repetitions", "1")
    assert "history" not in json.loads(workbench("bench", paced, *few, "--no-history", "--json").stdout)
    first = json.loads(workbench("bench", paced, *few, "--json").stdout)
    assert first["history"]["verdicts"] == []
    (verdict,) = json.loads(workbench("bench", paced, *few, "--json").stdout)["history"]["verdicts"]
    assert (verdict["name"], verdict["runs_before"]) == ("tg4", 1)
    (listed,) = json.loads(workbench("history", "--json").stdout)
    assert (listed["model"], listed["latest"]["verdicts"][0]["name"]) == ("paced.script", "tg4")
    shown = workbench("history", paced).stdout
    assert "tg4" in shown and "tokens/s written by time" in shown
    told = json.loads(workbench("history", paced, "--json").stdout)
    assert len(told["series"][0]["runs"]) == listed["measured"] >= 2
    exported = tmp_path / "runs.json"
    assert workbench("history", "--export", str(exported)).returncode == 0
    assert "were here already" in workbench("history", "--import", str(exported)).stderr
    compared = json.loads(workbench("history", "--compare", str(exported), str(exported), "--json").stdout)
    assert compared["compared"][0]["verdicts"][0]["outcome"] == "same"
    assert workbench("history", "--export", str(tmp_path / "runs.xml")).returncode == 2
    assert workbench("history", "nobody").returncode == 3


@pytest.mark.slow
def test_a_slowdown_is_told_and_ten_reruns_are_not(workbench: Workbench, paced: str, tmp_path: Path) -> None:
    def outcome(**environment: str) -> tuple[str, str]:
        done = workbench("bench", paced, *QUICK, "--json", **environment)
        assert done.returncode == 0, done.stderr
        verdicts = json.loads(done.stdout)["history"]["verdicts"]
        return (verdicts[0]["outcome"] if verdicts else "", done.stderr)

    reruns = [outcome() for _ in range(13)][3:]
    assert not {"slower", "faster"} & {told for told, _ in reruns}
    assert [told for told, _ in reruns].count("same") > 5  # a busy machine may leave some undecided
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "sitecustomize.py").write_text(BUSY_WAIT)
    path = f"{tmp_path / 'slow'}:{workbench.environment.get('PYTHONPATH', '')}"
    told, narration = max(outcome(PYTHONPATH=path) for _ in range(2))
    assert told == "slower"
    assert "tg12 by requests is 1" in narration and "% slower than in " in narration
