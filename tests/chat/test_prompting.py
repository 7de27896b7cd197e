"""Which template writes a conversation, and in what form where that template refuses it."""

from __future__ import annotations

import pytest

from tests.chat.test_answering import CALL, HERMES, PLAIN, TALK, answer, end, facts
from workbench.chat.answering import Answering
from workbench.conversation import Conversation, Message, Tool
from workbench.errors import InvalidRequest
from workbench.generation import Generation, ToolUse

FIRST_ALONE = """{% for m in messages %}{% if m.role == "system" and not loop.first %}
{{ raise_exception("order") }}{% endif %}[{{ m.role }}: {{ m.content }}]{% endfor %}"""
ALTERNATES = """{% for m in messages %}{% if (m.role == "user") != (loop.index0 % 2 == 0) %}
{{ raise_exception("order") }}{% endif %}[{{ m.role }}: {{ m.content }}]{% endfor %}"""
NEVER = "{{ raise_exception('never') }}"


def test_a_template_of_its_own_stands_in_where_there_are_tools() -> None:
    model = facts("plain", tool_template=HERMES)
    time = Tool(name="time", description="", parameters={"type": "object", "properties": {}})
    with_tools = Generation(prompt=Conversation(TALK.messages, (time,)))
    without = Generation(prompt=TALK)
    unused = Generation(prompt=with_tools.prompt, tool_use=ToolUse(choice="none"))
    [leg], events = answer(model, with_tools, lambda leg: CALL)
    assert "time" in leg.prompt and end(events).reason == "tool_calls"
    assert [answer(model, one, lambda leg: "x")[0][0].prompt for one in (without, unused)] == ["plain"] * 2


@pytest.mark.parametrize(
    ("template", "prompt"),
    [
        (PLAIN, "system: a\nuser: b\nuser: c\nsystem: d\nassistant: "),
        (FIRST_ALONE, "[system: a\nd][user: b][user: c]"),
        (ALTERNATES, "[user: a\nd\n\nb\nc]"),
    ],
)
def test_what_a_template_refuses_is_told_in_a_plainer_form(template: str, prompt: str) -> None:
    told = (("system", "a"), ("user", "b"), ("user", "c"), ("system", "d"))
    talk = Conversation(tuple(Message(*turn) for turn in told))  # type: ignore[arg-type]
    assert Answering(facts(template), Generation(prompt=talk)).leg.prompt == prompt
    with pytest.raises(InvalidRequest, match="never"):
        Answering(facts(NEVER), Generation(prompt=talk))
