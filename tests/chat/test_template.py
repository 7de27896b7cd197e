"""A chat template renders as transformers renders it, and a hostile one is stopped."""

from __future__ import annotations

import tracemalloc

import pytest

from workbench.chat import sandbox
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
        "{{ 'x'.ljust(1000000000) }}",
        "{{ 'x'.center(1000000000) }}",
        "{{ 'x' | center(1000000000) }}",
        "{{ '1'.zfill(1000000000) }}",
        "{{ '\t'.expandtabs(1000000000) }}",
        "{{ '{:>1000000000}'.format(1) }}",
        "{{ '{:{w}}'.format(1, w=1000000000) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%*d' | format(1000000000, 1) }}",
        "{% set x = 'x' * 90000 %}{{ x.replace('', x) }}",
        "{% set x = 'x' * 90000 %}{{ x | replace('x', x) }}",
        "{% set x = 'x' * 90000 %}{{ x.join(x) }}",
        "{% set x = 'x' * 90000 %}{{ x | join(x) }}",
        "{% set x = 'x\n' * 90000 %}{{ x | indent(90000) }}",
        "{% set x = [1] * 90000 %}{{ x | tojson(indent=90000) }}",
        "{% set n = namespace(x='xx') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x='xx') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x='xx') %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}"
        "{{ n.x }}",
        "{% set n = namespace(x='xx') %}{% for i in range(60) %}{% set n.x = {'a': n.x, 'b': n.x} %}"
        "{% endfor %}{{ n.x | tojson }}",
        "{% set n = namespace(x='xx') %}{% for i in range(60) %}"
        "{% set t %}{{ n.x }}{{ n.x }}{% endset %}{% set n.x = t %}{% endfor %}",
        "{% set n = namespace(x=9) %}{% for i in range(60) %}{% set n.x = n.x * n.x %}{% endfor %}{{ n.x }}",
        "{% set n = namespace(x=[]) %}{% for i in range(90000) %}{% set n.x = n.x + ['y' * 90000] %}"
        "{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(100) }}",
        "{% for x in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
        "{% set x = '12345678901234567890' * 90 %}{% for a in x %}{% for b in x %}{% for c in x %}"
        "{% endfor %}{% endfor %}{% endfor %}",
        "{{ lipsum(n=1000000) }}",
        "{{ (1).to_bytes(1000000000, 'big') }}",
        "{{ range(100000) | map('center', 90000) | list }}",
        "{{ namespace(__class__=1) }}",
        "{{ '{0.__class__.__mro__}'.format('') }}",
        "{% include 'x' %}",
        "{% import '/etc/passwd' as f %}{{ f }}",
        "x" * 1_000_001,
    ],
)
def test_a_broken_or_hostile_template_ends_in_one_sentence(
    template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "MAX_SECONDS", 0.3)
    tracemalloc.start()
    try:
        _refused(template)
        assert tracemalloc.get_traced_memory()[1] < 500_000_000
    finally:
        tracemalloc.stop()


def _refused(template: str) -> None:
    with pytest.raises(InvalidModel, match="chat template failed") as caught:
        render(template, TALK, {})
    assert caught.value.remedy


@pytest.mark.parametrize("template", ["{{ ''.format.__globals__ }}", "{{ self.__init__ }}"])
def test_the_insides_of_the_program_are_not_there(template: str) -> None:
    assert render(template, TALK, {}) == ""
