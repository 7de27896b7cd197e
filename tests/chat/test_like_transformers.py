"""Prompts are byte for byte those of transformers, over what templates in the wild are made of."""
# ruff: noqa: E501 - templates are what they are

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest

from tests.chat.families import TOOLS
from workbench.chat.template import call_style, render
from workbench.chat.template_messages import template_tools
from workbench.conversation import Conversation, Message, ToolCall
from workbench.errors import WorkbenchError

pytestmark = pytest.mark.slow

TEMPLATES = {
    "chatml": "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] | trim "
    "+ '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    "bos and roles": "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]"
    "{% elif m.role == 'assistant' %}{{ m.content + eos_token }}{% endif %}{% endfor %}",
    "headers": "{{- bos_token }}\n{%- for message in messages %}\n    {{- '<|start_header_id|>' + message['role'] + "
    "'<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}\n{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}\n{%- endif %}\n",
    "turns must alternate": "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}<start_of_turn>{{ m.role }}\n{{ m.content | trim }}"
    "<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}",
    "namespace": "{% set ns = namespace(system='', seen=false) %}{% for m in messages if m.role == 'system' %}"
    "{% set ns.system = ns.system ~ m.content %}{% set ns.seen = true %}{% endfor %}{% if ns.seen %}<<{{ ns.system }}>>"
    "{% endif %}{% for m in messages if m.role != 'system' %}{{ loop.index }}/{{ loop.length }}:{{ m.content }}"
    "{% if not loop.last %}|{% endif %}{% endfor %}",
    "macro": "{%- macro turn(role, text='') -%}<{{ role }}>{{ text }}</{{ role }}>{%- endmacro -%}"
    "{%- for m in messages %}{{ turn(m.role, text=m.content) }}{% endfor -%}",
    "tools as json": "{% if tools %}{% for tool in tools %}{{ tool | tojson }}\n{% endfor %}{{ tools | tojson(indent=4) }}"
    "{% endif %}{% for m in messages %}{{ m.content }}{% if m.tool_calls %}{% for call in m.tool_calls %}<tool_call>"
    "{{ call.function.name }} {{ call.function.arguments | tojson }}</tool_call>{% endfor %}{% endif %}{% endfor %}",
    "arguments by item": "{% for m in messages %}{{ m.content }}{% for call in m.tool_calls or [] %}"
    "<function={{ call.function.name }}>{% for key, value in call.function.arguments.items() %}<parameter={{ key }}>"
    "{{ value if value is string else value | tojson }}</parameter>{% endfor %}</function>{% endfor %}{% endfor %}",
    "arguments as text": "{% for m in messages %}{{ m.content }}{% for call in m['tool_calls'] %}"
    "{{ call['function']['name'] + '```' + call['function']['arguments'] + '```' }}{% endfor %}{% endfor %}",
    "thoughts of the last turn": "{% set ns = namespace(last=0) %}{% for m in messages %}{% if m.role == 'user' %}"
    "{% set ns.last = loop.index0 %}{% endif %}{% endfor %}{% for m in messages %}{% if m.reasoning_content is "
    "defined and loop.index0 > ns.last %}<think>\n{{ m.reasoning_content.strip('\\n') }}\n</think>\n\n{% endif %}"
    "{{ m.content }}{% endfor %}{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n"
    "{% endif %}",
    "thinking field": "{% for m in messages %}{% if m.thinking %}({{ m.thinking }}){% endif %}{{ m.content }}{% endfor %}"
    "Reasoning: {{ reasoning_effort | default('medium') }}",
    "loop controls": "{% for m in messages %}{% if m.role == 'system' %}{% continue %}{% endif %}{{ m.content }}"
    "{% if loop.index == 2 %}{% break %}{% endif %}{% endfor %}",
    "generation": "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}"
    "{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}",
    "text methods": "{% for m in messages %}{{ m.content.split(' ')[-1].upper() }}{{ m.content[:3] }}"
    "{{ m.content | replace('e', 'E') | length }}{{ m.content.startswith('H') }}{{ m.role | title }}{% endfor %}",
    "filters": "{{ messages | map(attribute='role') | join(', ') }}{{ messages | selectattr('role', 'equalto', 'user') "
    "| list | length }}{{ (messages | last).content | upper }}{{ messages | tojson }}{{ none }}{{ true }}{{ 1.50 }}",
    "white space": "  {% if true %}\n   a  {%- endif %}  \n  {#- note -#}  b\n\n{% for m in messages -%}\n  {{ m.role }}\n"
    "{%- endfor %}\n\n",
}  # fmt: skip
SHOWN_ONCE = {name: template for name, template in TEMPLATES.items() if name != "filters"}
"""Those that show a message once, so that it is clear where it is gone on with."""
CALL = ToolCall("call12345", "weather", '{"city": "Rome", "days": 2, "deep": {"é": ["<b>", null]}}')
TALKS = {
    "system": Conversation((Message("system", "Be brief."), Message("user", "Hi <b>é</b> {{ 1 }} \n"))),
    "thought": Conversation(
        (Message("user", "Hello there"), Message("assistant", " Yo\n", "Hm.\n"), Message("user", "  Again "))
    ),
    "called": Conversation(
        (
            Message("user", "Weather?"),
            Message("assistant", "", "I look.", (CALL,)),
            Message("tool", "sun", tool_call_id="call12345", name="weather"),
        ),
        TOOLS,
    ),
}
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from tokenizers import Tokenizer, models

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers import PreTrainedTokenizerFast

        words = Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))
        return PreTrainedTokenizerFast(tokenizer_object=words, **TOKENS)


def messages(talk: Conversation, template: str) -> list[dict[str, Any]]:
    """The conversation as a user of transformers writes it for this template."""
    style = call_style(template, tuple(sorted(TOKENS.items())))
    told = []
    for message in talk.messages:
        one: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.reasoning:
            one["reasoning_content"] = message.reasoning
        if message.tool_calls:
            as_text = style is not None and style.as_text
            one["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {
                        "name": call.name,
                        "arguments": call.arguments if as_text else json.loads(call.arguments),
                    },
                }
                for call in message.tool_calls
            ]
        if message.role == "tool":
            one |= {"tool_call_id": message.tool_call_id, "name": message.name}
        told.append(one)
    return told


def outcome(make: Any, refusal: type[Exception] = Exception) -> str | None:
    """What is rendered, or None where the template refuses; transformers raises whatever its template does."""
    try:
        return str(make())
    except refusal:
        return None


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS)
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_prompt_is_that_of_transformers(tokenizer: Any, template: str, talk: Conversation) -> None:
    theirs = outcome(
        lambda: tokenizer.apply_chat_template(
            messages(talk, template),
            tools=template_tools(talk),
            chat_template=template,
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=False,
            reasoning_effort="high",
        )
    )
    values = {"enable_thinking": False, "reasoning_effort": "high"}
    ours = outcome(lambda: render(template, talk, TOKENS, values=values), WorkbenchError)
    assert ours == theirs


@pytest.mark.parametrize("begun", ["Yo there", " Yo there ", "Yo\n"])
@pytest.mark.parametrize("template", SHOWN_ONCE.values(), ids=SHOWN_ONCE)
def test_an_unfinished_message_is_that_of_transformers(tokenizer: Any, template: str, begun: str) -> None:
    talk = Conversation((Message("user", "Hi"), Message("assistant", begun)))
    theirs = outcome(
        lambda: tokenizer.apply_chat_template(
            messages(talk, template), chat_template=template, tokenize=False, continue_final_message=True
        )
    )
    ours = outcome(lambda: render(template, talk, TOKENS, continues=True), WorkbenchError)
    assert ours == theirs
