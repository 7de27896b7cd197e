"""A chat template renders as transformers renders it, and a hostile one is stopped."""

from __future__ import annotations

import pytest

from workbench.chat.template import render
from workbench.conversation import Conversation, Message
from workbench.errors import InvalidModel, InvalidRequest, Unsupported

TALK = Conversation((Message("system", "Be brief."), Message("user", "Hi {{ 1 + 1 }}")))
CHATML = (
    "{{ bos_token }}{% for message in messages %}\n"
    "    {% if message.role == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}\n"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] | trim }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def test_messages_are_data_and_blocks_leave_no_space() -> None:
    assert render(CHATML, TALK, {"bos_token": "<s>"}) == (
        "<s><|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi {{ 1 + 1 }}<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_json_keeps_its_letters_and_loops_can_be_left() -> None:
    template = "{% for m in messages %}{{ m | tojson }}{% break %}{% endfor %}"
    talk = Conversation((Message("user", "é<b>"), Message("user", "two")))
    assert render(template, talk, {}) == '{"role": "user", "content": "é<b>"}'


def test_what_the_template_refuses_is_the_users_to_change() -> None:
    with pytest.raises(InvalidRequest, match="no tools here"):
        render(CHATML, TALK + Message("tool", "x"), {})


def test_a_model_without_a_template_is_told_how_to_go_on() -> None:
    with pytest.raises(Unsupported, match="no chat template") as caught:
        render(None, TALK, {})
    assert "--raw" in caught.value.remedy


@pytest.mark.parametrize(
    "template",
    [
        "{% for %}",
        "{{ messages[0].nothing.at_all }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ 'x' * 1000000000 }}",
        "{{ [0] * 1000000000 }}",
        "{{ 9 ** 99999999 }}",
        "{% for i in range(100000000) %}{% endfor %}",
        "{% for i in range(9000) %}{% for j in range(9000) %}{% endfor %}{% endfor %}",
        "{% for i in range(9000) %}{{ 'x' * 90000 }}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ 1 / 0 }}",
    ],
)
def test_a_broken_or_hostile_template_ends_in_one_sentence(template: str) -> None:
    with pytest.raises(InvalidModel, match="chat template failed") as caught:
        render(template, TALK, {})
    assert caught.value.remedy
