"""The example that shows a template: with tools where it knows them, and as much as it takes."""

from __future__ import annotations

import pytest

from workbench.backend import ModelFacts
from workbench.chat.example import example
from workbench.errors import InvalidModel

TURNS = (
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}"
    "{% for c in m.tool_calls %}{{ c.function | tojson }}{% endfor %}{% endfor %}"
)
KNOWS_TOOLS = "{{ tools | tojson }}" + TURNS + "{# <tool_call> #}"
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}"


def shown(template: str) -> str:
    facts = ModelFacts(
        architecture="",
        context_length=0,
        trained_context=0,
        parallel=1,
        vocabulary_size=0,
        chat_template=template,
    )
    return example(facts).prompt


def test_a_template_that_knows_tools_shows_one() -> None:
    prompt = shown(KNOWS_TOOLS)
    assert '{"name": "weather", "arguments": {"city": "Rome"}}' in prompt and "Sunny, 24 °C" in prompt
    assert "[system]" in prompt and "[system]" not in shown(NO_SYSTEM + KNOWS_TOOLS)


def test_a_template_that_knows_none_shows_a_talk() -> None:
    assert shown(TURNS).startswith("[system]Answer briefly.[user]")
    assert shown(NO_SYSTEM + TURNS).startswith("[user]")


def test_a_template_that_takes_nothing_says_so() -> None:
    with pytest.raises(InvalidModel):
        shown("{{ nothing.at.all }}")
