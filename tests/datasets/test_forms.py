"""What each form of rows means, and that fields which no form reads are kept."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.conversation import Message, Tool, ToolCall
from workbench.datasets.forms.rows import row_of
from workbench.datasets.row import Origin, Row, RowImage
from workbench.datasets.strict_json import Unreadable

ORIGIN = Origin("rows.jsonl", 1)
ASKED, ANSWERED, OTHER = Message("user", "Why?"), Message("assistant", "So."), Message("assistant", "No.")
MESSAGES = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
CHAT = Row(origin=ORIGIN, messages=(ASKED, ANSWERED))
PAIR = Row(origin=ORIGIN, prompt=(ASKED,), chosen=(ANSWERED,), rejected=(OTHER,))
LABELLED = Row(origin=ORIGIN, prompt=(ASKED,), completion=(ANSWERED,), label=True)


@pytest.mark.parametrize(
    ("value", "row"),
    [
        ({"messages": MESSAGES}, CHAT),
        ({"conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]}, CHAT),
        ({"conversation": MESSAGES}, CHAT),
        (
            {"messages": '[{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]'},
            CHAT,
        ),
        ({"instruction": "Why?", "input": "", "output": "So."}, CHAT),
        ({"prompt": "Why?", "completion": "So."}, CHAT),
        ({"question": "Why?", "answer": "So."}, CHAT),
        ({"query": "Why?", "response": "So."}, CHAT),
        ({"input": "Why?", "output": "So."}, CHAT),
        ({"prompt": MESSAGES[:1], "completion": MESSAGES[1:]}, CHAT),
        ({"text": "So."}, Row(origin=ORIGIN, text="So.")),
        ({"prompt": "Why?", "chosen": "So.", "rejected": "No."}, PAIR),
        (
            {
                "messages": MESSAGES[:1],
                "chosen": MESSAGES[1],
                "rejected": {"role": "assistant", "content": "No."},
            },
            PAIR,
        ),
        ({"messages": MESSAGES, "rejected_response": "No."}, PAIR),
        (
            {
                "chosen": "\n\nHuman: Why?\n\nAssistant: So.",
                "rejected": "\n\nHuman: Why?\n\nAssistant: No.",
            },
            PAIR,
        ),
        (
            {
                "input": {"messages": MESSAGES[:1]},
                "preferred_output": MESSAGES[1:],
                "non_preferred_output": [{"role": "assistant", "content": "No."}],
            },
            PAIR,
        ),
        ({"prompt": "Why?", "completion": "So.", "label": True}, LABELLED),
        ({"messages": MESSAGES, "label": True}, LABELLED),
        ({"instruction": "Why?", "output": "So.", "kto_tag": True}, LABELLED),
        ({"prompt": "Why?", "completion": "So.", "label": "True"}, LABELLED),
    ],
)
def test_forms_mean_the_same_row(value: dict[str, Any], row: Row) -> None:
    assert row_of(value, ORIGIN) == row


def test_a_prompt_beside_both_whole_conversations_is_the_prompt() -> None:
    other = [MESSAGES[0], {"role": "assistant", "content": "No."}]
    row = row_of({"prompt": "Why?", "messages": MESSAGES, "chosen": MESSAGES, "rejected": other}, ORIGIN)
    assert (row.prompt, row.chosen, row.rejected) == (PAIR.prompt, PAIR.chosen, PAIR.rejected)


def test_anthropic_tools_and_results_become_turns_of_tools() -> None:
    row = row_of(
        {
            "system": [{"type": "text", "text": "Be brief."}],
            "tools": [{"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}],
            "messages": [
                {"role": "user", "content": "Why?"},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Hm."},
                        {"type": "tool_use", "id": "a", "name": "look", "input": {"at": 1}},
                    ],
                },
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "tool_use_id": "a", "content": "There."}],
                },
                {"role": "assistant", "content": [{"type": "text", "text": "So."}]},
            ],
        },
        ORIGIN,
    )
    assert row.tools == (Tool(name="look", description="Looks.", parameters={"type": "object"}),)
    assert row.messages == (
        Message("system", "Be brief."),
        ASKED,
        Message("assistant", "", reasoning="Hm.", tool_calls=(ToolCall("a", "look", '{"at":1}'),)),
        Message("tool", "There.", tool_call_id="a", name="look"),
        ANSWERED,
    )


def test_calls_of_sharegpt_and_openai_mean_the_same() -> None:
    call = (ToolCall("", "look", '{"at":1}'),)
    sharegpt = row_of(
        {
            "conversations": [
                {"from": "human", "value": "Why?"},
                {"from": "function_call", "value": '{"name": "look", "arguments": {"at":1}}'},
                {"from": "observation", "value": "There."},
                {"from": "gpt", "value": "So."},
            ],
            "tools": '[{"name": "look"}]',
        },
        ORIGIN,
    )
    openai = row_of(
        {
            "messages": [
                MESSAGES[0],
                {"role": "assistant", "tool_calls": [{"function": {"name": "look", "arguments": {"at": 1}}}]},
                {"role": "tool", "content": "There."},
                MESSAGES[1],
            ],
            "tools": [{"type": "function", "function": {"name": "look"}}],
        },
        ORIGIN,
    )
    assert sharegpt == openai
    assert sharegpt.messages[1] == Message("assistant", "", tool_calls=call)


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "See "}, {"type": "image_url", "image_url": {"url": "a.png"}}],
        [{"type": "text", "text": "See "}, {"type": "image", "path": "a.png"}],
    ],
)
def test_images_keep_their_place_whatever_names_them(content: list[dict[str, Any]]) -> None:
    answer = {"role": "assistant", "content": "So."}
    by_parts = row_of({"messages": [{"role": "user", "content": content}, answer]}, ORIGIN)
    by_tag = row_of(
        {"messages": [{"role": "user", "content": "See <image>"}, answer], "images": ["a.png"]}, ORIGIN
    )
    assert by_parts == by_tag
    assert by_parts.images == (RowImage("a.png", 0, 4),)


def test_weights_are_kept_and_what_nobody_reads_is_meta() -> None:
    value = {
        "messages": [MESSAGES[0], {**MESSAGES[1], "weight": 0}],
        "id": 7,
        "source": "wiki",
        "empty": None,
    }
    row = row_of(value, ORIGIN)
    assert row.weights == (1.0, 0.0)
    assert row.meta == {"id": 7, "source": "wiki"}


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("text", "form"),
        ({"speaker": "nobody"}, "form"),
        ({"messages": []}, "form"),
        ({"messages": [{"role": "alien", "content": "x"}]}, "role"),
        ({"messages": [{"role": "user", "content": 7}]}, "form"),
        ({"messages": [{"role": "user", "content": [{"type": "video"}]}]}, "form"),
        ({"messages": [{"role": "user", "content": "<image><image>"}], "images": ["a.png"]}, "images"),
        ({"messages": MESSAGES, "tools": "[{}]"}, "tools"),
        ({"messages": [{**MESSAGES[0], "weight": 7}]}, "weight"),
        ({"prompt": ["x"], "completion": "y"}, "form"),
    ],
)
def test_what_is_no_row_is_refused_by_name(value: Any, rule: str) -> None:
    with pytest.raises(Unreadable) as refused:
        row_of(value, ORIGIN)
    assert refused.value.rule == rule
