"""Which knobs there are: for each aim, and for what a person has left open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workbench.engine_settings import EngineSettings
from workbench.tuning.aim import Aim
from workbench.tuning.knob import Knob
from workbench.tuning.knobs import Situation, knobs

EIGHT_CORES = Situation(cores=8, logical_cores=16, prompt_tokens=512)


def named(
    aim: Aim, asked: EngineSettings | None = None, situation: Situation = EIGHT_CORES
) -> dict[str, Knob]:
    return {knob.name: knob for knob in knobs(aim, asked or EngineSettings(), situation)}


def labels(knob: Knob) -> list[str]:
    return [choice.label for choice in knob.choices]


def test_each_aim_turns_what_can_matter_for_it() -> None:
    assert list(named(Aim("generation"))) == ["threads", "flash attention", "speculation"]
    assert list(named(Aim("prompt"))) == ["threads", "micro-batch", "flash attention"]
    assert list(named(Aim("serving", 4))) == ["threads", "micro-batch", "flash attention", "speculation"]


def test_caches_that_change_answers_are_tried_only_where_that_is_allowed() -> None:
    knob = named(Aim(), situation=replace(EIGHT_CORES, lossy=True))["KV type"]
    assert knob.lossy and labels(knob) == ["f16", "q8_0", "q4_0"]


def test_threads_are_tried_up_to_all_there_are() -> None:
    tried = labels(named(Aim())["threads"])
    assert tried[0] == "8" and {"1", "2", "4", "6", "7", "12", "16"} == set(tried[1:])


def test_threads_for_answers_leave_those_for_prompts_alone_and_the_reverse() -> None:
    written = next(one for one in named(Aim())["threads"].choices if one.label == "4")
    assert written.applied(EngineSettings()) == EngineSettings(threads=4, threads_batch=8)
    read = next(one for one in named(Aim("prompt"))["threads"].choices if one.label == "16")
    assert read.applied(EngineSettings()) == EngineSettings(threads_batch=16)


def test_micro_batches_longer_than_the_prompts_are_not_tried() -> None:
    short = named(Aim("prompt"), situation=replace(EIGHT_CORES, prompt_tokens=256))["micro-batch"]
    assert labels(short) == ["512", "64", "128", "256"]
    long = named(Aim("prompt"), situation=replace(EIGHT_CORES, prompt_tokens=2048))["micro-batch"]
    assert labels(long) == ["512", "64", "128", "256", "1024", "2048"]


def test_a_draft_is_a_choice_where_there_is_one() -> None:
    assert labels(named(Aim())["speculation"]) == ["off", "ngram"]
    drafted = named(Aim(), situation=replace(EIGHT_CORES, draft="small.gguf"))["speculation"]
    assert drafted.choices[-1].applied(EngineSettings()) == EngineSettings(draft="small.gguf")


def test_ways_to_divide_the_model_are_choices_the_planned_one_first() -> None:
    planned = EngineSettings(gpu_layers=20)
    ways = (planned, EngineSettings(experts_on_cpu=12), EngineSettings(gpu_layers=0), planned)
    knob = named(Aim(), situation=replace(EIGHT_CORES, divisions=ways))["placement"]
    assert labels(knob) == ["--gpu-layers 20", "--experts-on-cpu 12", "--gpu-layers 0"]
    assert knob.usual.holds(planned)


@pytest.mark.parametrize(
    ("asked", "fixed"),
    [
        (EngineSettings(threads=4), "threads"),
        (EngineSettings(threads_batch=4), "threads"),
        (EngineSettings(micro_batch=512, given=frozenset({"micro_batch"})), "micro-batch"),
        (EngineSettings(flash_attention="on"), "flash attention"),
        (EngineSettings(speculation="off"), "speculation"),
        (EngineSettings(kv_type_k="q8_0"), "KV type"),
        (EngineSettings(split=(1.0, 1.0)), "placement"),
    ],
)
def test_what_a_person_has_chosen_is_no_knob(asked: EngineSettings, fixed: str) -> None:
    situation = replace(EIGHT_CORES, lossy=True, divisions=(EngineSettings(), EngineSettings(gpu_layers=0)))
    usual = named(Aim("serving", 2), situation=situation)
    assert set(usual) - set(named(Aim("serving", 2), asked, situation)) == {fixed}
