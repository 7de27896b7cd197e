"""`workbench tune` as its users meet it: it measures, keeps what is faster, and other commands use it."""

from __future__ import annotations

import json

import pytest

from tests.cli.process import Workbench

QUICK = ("--context", "256", "--time", "0.001s")


def test_it_measures_and_says_what_it_found(workbench: Workbench) -> None:
    done = workbench("tune", "guide", "--context", "256", "--time", "1s", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["model"], found["aim"], found["parallel"], found["context"]) == (
        "guide",
        "generation",
        1,
        256,
    )
    assert found["usual"]["tokens_per_second"] > 0 and found["usual"]["basis"] == "measured"
    assert {knob["knob"] for knob in found["knobs"]} | set(found["skipped"]) == {
        "threads", "flash attention", "speculation"
    }  # fmt: skip
    for trial in (trial for knob in found["knobs"] for trial in knob["tried"]):
        assert (
            len(trial["pairs"]["tokens_per_second"]) == len(trial["pairs"]["beside_tokens_per_second"]) >= 2
        )
    assert found["saved"] is True
    (shown,) = json.loads(workbench("tune", "--show", "--json").stdout)
    assert shown["settings"] == found["settings"] and shown["usual"] == found["usual"]


@pytest.mark.parametrize(
    ("aim", "told"),
    [(("prompt",), "tokens/s read, in prompts of"), (("serving", "2"), "by 2 requests")],
)
def test_each_aim_is_measured_in_its_own_way(workbench: Workbench, aim: tuple[str, ...], told: str) -> None:
    done = workbench("tune", "guide", "--for", *aim, *QUICK, "--no-save")
    assert done.returncode == 0, done.stderr
    assert told in done.stdout and "no time for: threads, micro-batch" in done.stdout
    assert "The usual settings stay." in done.stdout
    assert workbench("tune", "--show", "--json").stdout == "[]\n"


def test_what_is_kept_is_used_by_other_commands_shown_and_forgotten(workbench: Workbench) -> None:
    assert workbench("tune", "guide", *QUICK).returncode == 0
    (file,) = (workbench.home / "data" / "profiles").glob("*.json")
    profile = json.loads(file.read_text())
    file.write_text(json.dumps({**profile, "settings": {"micro_batch": 64}, "gain": 0.21}))

    used = workbench("run", "guide", "Hello", "--max-tokens", "1", "--no-attach")
    assert "Tuned for generation on this machine: --micro-batch 64 (21% faster" in used.stderr
    for without in (("--no-profile",), ("--micro-batch", "512")):
        assert "Tuned" not in workbench("run", "guide", "Hello", "--max-tokens", "1", *without).stderr
    shown = workbench("tune", "guide", "--show").stdout
    assert "--micro-batch 64" in shown and "in use" in shown

    file.write_text(json.dumps({**profile, "settings": {"micro_batch": 64}, "identity": {
        **profile["identity"], "engine": "an older one"}}))  # fmt: skip
    assert "stale: another engine" in workbench("tune", "--show").stdout
    stale = workbench("run", "guide", "Hello", "--max-tokens", "1")
    assert "is not used, because the engine is another one now" in stale.stderr
    again = workbench("tune", "guide", *QUICK)
    assert "It was tuned before, but the engine is another one now." in again.stderr

    assert workbench("tune", "guide", "--forget").stdout == "Forgot 1 profile of guide.\n"
    assert "Nothing was tuned yet" in workbench("tune", "--show").stderr
    assert workbench("tune", "guide", "--forget").returncode == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Name the MODEL"),
        (("--forget",), "Name the MODEL"),
        (("guide", "--for", "warmth"), "none of generation, prompt, serving"),
        (("guide", "--for", "serving", "1"), "give 2 to 256"),
        (("guide", "--for", "prompt", "--parallel", "2"), "--for serving N"),
        (("guide", "--context", "64"), "too short to measure"),
    ],
)
def test_what_makes_no_sense_is_refused(workbench: Workbench, arguments: tuple[str, ...], told: str) -> None:
    refused = workbench("tune", *arguments)
    assert refused.returncode == 2
    assert told in refused.stderr
