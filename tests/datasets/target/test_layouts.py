"""What is told by the layout of conversations before is what is worked out of each for itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from tests.datasets.target.conftest import TargetOf
from tests.datasets.target.families import CALLED, FAMILIES, Family
from workbench.conversation import Conversation, Message
from workbench.datasets.target.layouts import Layouts
from workbench.datasets.target.turns import Rendered
from workbench.errors import WorkbenchError

TEXTS = (
    "Ada.", "Two\nlines: of 'text'.", " spaced ", "", "<think>Hm.</think>\n\nSo.", "</think>So.",
    "<|im_end|>", "user\n", "/no_think", "Ünïcode 漢字 🙂", "{\"a\": [1]}", "Ada.", "\n\n", "**",
    "assistant", "Ada.", "x" * 999,
)  # fmt: skip


def talks() -> list[Conversation]:
    said: list[Conversation] = []
    for number, (asked, answered) in enumerate(product(TEXTS, TEXTS)):
        user, assistant = Message("user", asked), Message("assistant", answered)
        thinking = replace(assistant, reasoning=TEXTS[number % 5])
        said += [Conversation((user, assistant)), Conversation((user, thinking))]
        if number % 4 == 0:
            system = Message("system", TEXTS[number % 7])
            said.append(Conversation((system, user, thinking, user, assistant, user, thinking)))
    return [*said, CALLED, *said[:20]]


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_layouts_tell_what_is_worked_out(target_of: TargetOf, family: Family) -> None:
    target, worked_out = target_of(family.template), 0

    def work_out(talk: Conversation) -> Rendered:
        nonlocal worked_out
        worked_out += 1
        return target._worked_out(talk)

    layouts = Layouts(family.template, target.render, work_out)
    every = talks()[::3]
    for talk in every:
        assert tried(layouts, talk) == tried(target, talk, exact=True)
    assert worked_out < len(every)


def tried(of: object, talk: Conversation, *, exact: bool = False) -> object:
    try:
        return of._worked_out(talk) if exact else of.rendered(talk)  # type: ignore[attr-defined]
    except WorkbenchError as error:
        return error.message
