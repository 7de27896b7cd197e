"""Each rule speaks of the rows that it is for, and of no sound one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.datasets.target.conftest import TargetOf
from tests.datasets.target.families import CALL, CALLED, FAMILIES, PLAIN, SYSTEM, THOUGHT, Family
from workbench.conversation import Conversation, Message, Tool, ToolCall
from workbench.datasets.target.row_checks import row_remarks
from workbench.datasets.target.target import Target
from workbench.datasets.target.tool_checks import schema_fault, tool_remarks
from workbench.datasets.target.training_example import training_example

CHATML, QWEN = FAMILIES[0].template, next(one.template for one in FAMILIES if one.name == "Qwen 3")
QUESTION, ANSWER = PLAIN.messages[:2]


def rules(target: Target, talk: Conversation) -> set[str]:
    (row,) = target.tokenized([training_example(talk)])
    return {remark.rule for remark in row_remarks(target, row)}


def talk(*messages: Message) -> Conversation:
    return Conversation(messages)


@pytest.mark.parametrize("sound", [PLAIN, CALLED], ids=["plain", "called"])
@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_a_sound_row_is_told_only_what_its_template_does(
    target_of: TargetOf, family: Family, sound: Conversation
) -> None:
    expected = {
        "Alpaca": {"no-terminator"},
        "GLM": {"no-terminator"},
        "R1 distilled": {"prompt-not-prefix"},
        "Mistral": {"prompt-not-prefix"},
        "QwQ": {"prompt-not-prefix"},
        "Qwen 3": {"empty-thought"},
    }
    assert rules(target_of(family.template), sound) == expected.get(family.name, set())


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (talk(QUESTION), "nothing-trained"),
        (talk(QUESTION, Message("assistant", " Ada. ")), "content-trimmed"),
        (talk(Message("user", "Say <|im_end|>"), ANSWER), "control-token-in-text"),
        (talk(QUESTION, Message("assistant", "Ada.<|im_end|>")), "control-token-in-text"),
        (talk(QUESTION, Message("assistant", "Ada.", "Let me see.")), "reasoning-dropped"),
        (talk(QUESTION, Message("assistant", "\n<think>")), "content-trimmed"),
    ],
)
def test_what_is_wrong_is_told(target_of: TargetOf, row: Conversation, rule: str) -> None:
    trimming = CHATML.replace("{{ m.content }}", "{{ m.content | trim }}")
    assert rules(target_of(trimming), row) == {rule}


def test_what_a_template_leaves_out_is_told(target_of: TargetOf) -> None:
    without = CHATML.replace("m.role == 'assistant'", "m.role == 'system' %}{%- elif m.role == 'assistant'")
    assert rules(target_of(without), talk(SYSTEM, QUESTION, ANSWER)) == {"message-dropped"}
    silent = CHATML.replace("{{ m.content }}", "{{ m.content if loop.last else '' }}")
    assert rules(target_of(silent), PLAIN) == {"turn-dropped"}
    (row,) = target_of(silent).tokenized([training_example(PLAIN, "last")])
    assert {one.rule for one in row_remarks(target_of(silent), row)} == {"message-dropped"}
    parted = CHATML.replace("{{ m.content }}", "{{ m.content.split('</think>')[-1] }}")
    inline = talk(QUESTION, Message("assistant", "<think>Hm.</think>Ada."))
    assert rules(target_of(parted), inline) == {"content-changed"}


def test_thoughts_of_earlier_turns_are_told_where_only_the_last_are_shown(target_of: TargetOf) -> None:
    thinking = Conversation((*THOUGHT.messages, QUESTION, replace(ANSWER, reasoning="Hm.")))
    assert rules(target_of(QWEN), thinking) == {"reasoning-dropped"}
    assert rules(target_of(QWEN), THOUGHT) == set()


def test_a_text_that_begins_twice(target_of: TargetOf) -> None:
    llama = next(family.template for family in FAMILIES if family.name == "Llama 3")
    assert rules(target_of("{{ bos_token }}" + llama), PLAIN) == {"bos-twice"}


def test_a_terminator_outside_the_tags_is_not_trained(target_of: TargetOf) -> None:
    outside = CHATML.replace("{{ m.content }}", "{% generation %}{{ m.content }}{% endgeneration %}")
    assert rules(target_of(outside), PLAIN) == {"no-terminator"}


ASKED, SAID, RESULT, DONE = CALLED.messages


def calling(**changes: str) -> Message:
    return replace(SAID, tool_calls=(replace(CALL, **changes),))


@pytest.mark.parametrize(
    ("messages", "rule"),
    [
        ((ASKED, calling(arguments='{"city": 3}'), RESULT, DONE), "arguments-off-schema"),
        ((ASKED, calling(arguments="{}"), RESULT, DONE), "arguments-off-schema"),
        ((ASKED, calling(arguments="{city"), RESULT, DONE), "arguments-not-json"),
        ((ASKED, calling(arguments="[1]"), RESULT, DONE), "arguments-not-json"),
        ((ASKED, calling(name="sea"), RESULT, DONE), "unknown-tool"),
        ((ASKED, SAID, DONE), "call-unanswered"),
        ((ASKED, RESULT, DONE), "answer-without-call"),
        ((ASKED, SAID, replace(RESULT, tool_call_id="another"), DONE), "call-unanswered answer-without-call"),
        ((ASKED, replace(SAID, tool_calls=(CALL, replace(CALL, id="b"))), RESULT), "call-unanswered"),
    ],
)  # fmt: skip
def test_calls_that_are_not_sound(messages: tuple[Message, ...], rule: str) -> None:
    found = {remark.rule for remark in tool_remarks(Conversation(messages, CALLED.tools))}
    assert found == set(rule.split())


def test_sound_calls_and_a_last_one_that_waits() -> None:
    assert not list(tool_remarks(CALLED))
    assert not list(tool_remarks(Conversation((ASKED, SAID), CALLED.tools)))
    nameless = replace(SAID, tool_calls=(ToolCall("", "weather", '{"city": "Ur"}'),))
    assert not list(tool_remarks(Conversation((ASKED, nameless, RESULT, DONE), CALLED.tools)))


def test_schemas_of_strangers_fetch_nothing_and_end_in_a_sentence() -> None:
    assert "cannot be used" in schema_fault({}, {"$ref": "http://127.0.0.1:9/schema"})
    assert "itself is wrong" in schema_fault({}, {"type": "nonsense"})
    assert schema_fault(
        {"a": 1}, {"properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"type": "string"}}}
    )
    endless = Tool(name="weather", parameters={"$ref": "#"})
    remarks = list(tool_remarks(Conversation(CALLED.messages, (endless,))))
    assert [remark.rule for remark in remarks] == ["arguments-off-schema"]
