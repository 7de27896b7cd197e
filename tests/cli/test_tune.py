"""`workbench tune` as its users meet it: it measures, keeps what is faster, and other commands use it."""

from __future__ import annotations

import json

import msgspec
import pytest

from tests.cli.process import Workbench
from tests.tuning.made_up_profile import GUIDE, profile
from workbench.tuning.identity import Identity, identity
from workbench.tuning.profile import Profile
from workbench.tuning.profiles import forget, keep

QUICK = ("--context", "256", "--time", "0.001s", "--anyway")


def test_it_measures_and_says_what_it_found(workbench: Workbench) -> None:
    done = workbench("tune", "guide", "--context", "256", "--time", "1s", "--anyway", "--json")
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


@pytest.mark.slow
def test_serving_is_measured_with_requests_at_once(workbench: Workbench) -> None:
    done = workbench("tune", "guide", "--for", "serving", "2", *QUICK, "--no-save")
    assert done.returncode == 0, done.stderr
    assert "by 2 requests" in done.stdout and "no time for: threads, micro-batch" in done.stdout
    assert "The usual settings stay." in done.stdout
    assert workbench("tune", "--show", "--json").stdout == "[]\n"


@pytest.fixture
def kept(workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """A profile that holds here."""
    monkeypatch.setenv("WORKBENCH_HOME", str(workbench.home))
    made = profile(identity=identity(GUIDE, None), settings={"micro_batch": 64}, gain=0.21)
    keep(made)
    return made


@pytest.mark.slow
def test_what_is_kept_is_used_and_said_unless_a_person_says_otherwise(
    workbench: Workbench, kept: Profile
) -> None:
    short = ("Hello", "--max-tokens", "1")
    used = workbench("run", "guide", *short)
    assert used.stderr.startswith("Tuned for generation on this machine: --micro-batch 64 (21% faster")
    for without in (("--no-profile",), ("--micro-batch", "512")):
        assert "Tuned" not in workbench("run", "guide", *short, *without).stderr


def test_an_endpoint_serves_as_many_requests_as_it_was_tuned_for(workbench: Workbench, kept: Profile) -> None:
    keep(msgspec.structs.replace(kept, kind="serving", parallel=3))
    served = workbench.start("serve", "guide", "--port", "0")
    assert served.stderr is not None
    assert b"Tuned for serving 3 on this machine: --micro-batch 64 --parallel 3" in served.stderr.readline()


@pytest.mark.slow
def test_it_is_shown_goes_stale_and_is_forgotten(workbench: Workbench, kept: Profile) -> None:
    shown = workbench("tune", "guide", "--show").stdout
    assert "--micro-batch 64" in shown and "in use" in shown
    forget([kept])
    keep(
        msgspec.structs.replace(
            kept, identity=Identity(kept.identity.model, kept.identity.machine, "an older one")
        )
    )
    assert "stale: another engine" in workbench("tune", "--show").stdout
    again = workbench("tune", "guide", *QUICK)
    assert "It was tuned before, but the engine is another one now." in again.stderr
    assert workbench("tune", "guide", "--forget").stdout == "Forgot 2 profiles of guide.\n"
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
