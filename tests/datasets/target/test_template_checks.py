"""What a template does to any row is found by asking it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from tests.datasets.target.conftest import TargetOf
from tests.datasets.target.families import FAMILIES, HARMONY, PLAIN
from workbench.datasets.target.target import Target
from workbench.datasets.target.template_checks import template_remarks

BY_NAME = {family.name: family.template for family in FAMILIES}


def rules(target: Target) -> set[str]:
    return {remark.rule for remark in template_remarks(target)}


@pytest.mark.parametrize(
    ("name", "rule", "other"),
    [
        ("R1 distilled", "template-prompt-not-prefix", "DeepSeek"),
        ("QwQ", "template-prompt-not-prefix", "Qwen 3"),
        ("Alpaca", "template-no-terminator", "ChatML"),
        ("GLM", "template-no-terminator", "ChatML"),
        ("ChatML", "eos-is-another", "Zephyr"),
        ("ChatML", "no-generation-tag", "SmolLM 3"),
        ("ChatML", "template-drops-reasoning", "Qwen 3"),
        ("QwQ", "template-forgets-reasoning", "ChatML"),
    ],
)
def test_what_families_do_is_told_of_them_and_not_of_others(
    target_of: TargetOf, name: str, rule: str, other: str
) -> None:
    assert rule in rules(target_of(BY_NAME[name])) - rules(target_of(BY_NAME[other]))


def test_a_template_that_cannot_take_system_messages(target_of: TargetOf) -> None:
    refusing = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('No.') }}{% endif %}" + BY_NAME["ChatML"]
    )
    assert {"system-first-refused"} == {
        rule for rule in rules(target_of(refusing)) if rule.startswith("system")
    }
    first_only = BY_NAME["ChatML"].replace("{%- else %}", "{%- elif m.role != 'system' or loop.first %}")
    assert {"system-later-dropped"} == {
        rule for rule in rules(target_of(first_only)) if rule.startswith("system")
    }


def test_the_date_is_held_and_told_of(target_of: TargetOf) -> None:
    dated = target_of("{{ strftime_now('%d %B %Y') }}" + BY_NAME["ChatML"])
    assert "date-in-template" in rules(dated) and "date-in-template" not in rules(
        target_of(BY_NAME["ChatML"])
    )
    assert dated.render(PLAIN).startswith("01 January 2026<|im_start|>")
    moved = replace(dated, date=datetime(2020, 2, 3))
    assert moved.render(PLAIN).startswith("03 February 2020<|im_start|>")


def test_how_arguments_are_wanted(target_of: TargetOf) -> None:
    def form(name: str) -> str:
        return next(
            one.message for one in template_remarks(target_of(BY_NAME[name])) if one.rule == "arguments-form"
        )

    assert "an object" in form("ChatML") and "JSON text" in form("Mistral with arguments as text")


def test_who_begins_the_text(target_of: TargetOf) -> None:
    adds = target_of(BY_NAME["ChatML"])
    adds = replace(adds, facts=replace(adds.facts, first_token=adds.facts.own_tokens["<s>"]))
    assert "bos-from-tokenizer" in rules(adds)
    both = replace(adds, facts=replace(adds.facts, chat_template=BY_NAME["Llama 3"]))
    assert "bos-from-both" in rules(both)


def test_no_template_at_all(target_of: TargetOf) -> None:
    target = target_of("")
    none = replace(target, facts=replace(target.facts, chat_template=None))
    assert rules(none) == {"no-chat-template"}


def test_channels_forget_thoughts(harmony: Target) -> None:
    assert HARMONY.template
    assert "template-no-terminator" not in rules(harmony)
