"""A model's own chat template, rendered byte for byte as transformers renders it, in a sandbox.

The template comes out of a file from a stranger: whatever it does ends in a prompt or in one sentence. Knows
nothing of tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import Template, TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.utils import Namespace

from workbench.chat.media_template import Placeholder, in_parts, placeholder_of, wants_parts, with_marks
from workbench.chat.sandbox import Sandbox, bounded
from workbench.chat.template_messages import (
    CallStyle,
    TemplateMessage,
    style_of,
    template_messages,
    template_tools,
)
from workbench.conversation import Conversation
from workbench.errors import InvalidModel, InvalidRequest, Unsupported, WorkbenchError
from workbench.generation import Thinking

MAX_TEMPLATE = 1_000_000
_RESERVED = frozenset({"messages", "tools", "documents", "add_generation_prompt"})
_SPECIAL = frozenset({"bos_token", "eos_token"})
_UNFINISHED = "END_OF_UNFINISHED_MESSAGE "
"""Stands where the last message ends. The space tells whether the template trims what it is given."""


class RefusedByTemplate(TemplateError):
    """The template itself refused the conversation, with its own words."""


def render(
    template: str | None,
    conversation: Conversation,
    special_tokens: Mapping[str, str],
    *,
    continues: bool = False,
    thinking: Thinking | None = None,
    values: Mapping[str, object] | None = None,
    asks: bool = True,
) -> str:
    """The prompt that asks for the assistant's next turn, or for the rest of its last one.

    Where it does not ask, it is the conversation as it stands.
    `values` are further variables of the template. Raises Unsupported when the model has no template,
    InvalidModel for one that is broken or misbehaves, and InvalidRequest when the template refuses this order
    of messages, or does not show the message that is to be continued.
    """
    if template is None:
        raise Unsupported(
            "This model has no chat template.", "Continue plain text instead: --raw or /v1/completions."
        )
    variables = _variables(special_tokens, thinking or Thinking(), values or {})
    calls = any(message.tool_calls or message.tool_call_id for message in conversation.messages)
    style = (call_style(template, _frozen(special_tokens)) if calls else None) or CallStyle()
    messages = template_messages(conversation, style)
    tools = template_tools(conversation)

    def write(messages: list[TemplateMessage]) -> str:
        if continues:
            return _continued(template, messages, tools, variables)
        return _render(template, messages, tools, variables | {"add_generation_prompt": asks})

    if not conversation.media:
        return write(messages)
    kinds: set[str] = {medium.kind for medium in conversation.media}
    placeholders = {kind: _placeholder(template, kind, _frozen(special_tokens)) for kind in kinds}
    return with_marks(conversation, messages, placeholders, write)


@lru_cache(maxsize=32)
def _placeholder(template: str, kind: str, special_tokens: tuple[tuple[str, str], ...]) -> Placeholder | None:
    return placeholder_of(kind, lambda messages: _probed(template, messages, dict(special_tokens)))


@lru_cache(maxsize=32)
def _wants_parts(template: str, special_tokens: tuple[tuple[str, object], ...]) -> bool:
    return wants_parts(lambda messages: _probed(template, messages, dict(special_tokens)))


def _probed(template: str, messages: list[TemplateMessage], special_tokens: Mapping[str, object]) -> str:
    """What the template makes of them; "" where it refuses."""
    try:
        return _written(template, messages, None, {**special_tokens, "add_generation_prompt": True})
    except WorkbenchError:
        return ""


@lru_cache(maxsize=32)
def call_style(template: str, special_tokens: tuple[tuple[str, str], ...] = ()) -> CallStyle | None:
    """How the template wants calls; None where it cannot write them."""

    def probe(conversation: Conversation, style: CallStyle) -> str:
        messages, tools = template_messages(conversation, style), template_tools(conversation)
        try:
            return _render(template, messages, tools, {**dict(special_tokens), "add_generation_prompt": True})
        except WorkbenchError:
            return ""

    return style_of(probe)


def _frozen(special_tokens: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(special_tokens.items()))


def _variables(
    special_tokens: Mapping[str, str], thinking: Thinking, values: Mapping[str, object]
) -> dict[str, object]:
    taken = _RESERVED & values.keys()
    if taken:
        name = min(taken)
        raise InvalidRequest(f"The template value {name} is the conversation's own.", f"Leave {name} out.")
    variables: dict[str, object] = dict(special_tokens)
    if thinking.enabled is not None:
        variables |= {"enable_thinking": thinking.enabled, "thinking": thinking.enabled}
    if thinking.effort is not None:
        variables["reasoning_effort"] = thinking.effort
    return variables | dict(values)


def _continued(
    template: str,
    messages: list[TemplateMessage],
    tools: list[dict[str, Any]] | None,
    variables: dict[str, object],
) -> str:
    """The rendered conversation up to where its last message ends."""
    last = messages[-1] if messages else {}
    fields = ["content"] if last.get("content") else ["reasoning_content", "thinking"]
    fields = [field for field in fields if last.get(field)]
    if last.get("role") != "assistant" or not fields:
        raise InvalidRequest(
            "There is no unfinished answer to continue.", "End the messages with one of the assistant."
        )
    begun = last[fields[0]]
    last |= dict.fromkeys(fields, begun + _UNFINISHED)
    rendered = _render(template, messages, tools, variables | {"add_generation_prompt": False})
    before, mark, after = rendered.rpartition(_UNFINISHED.strip())
    if not mark or begun.strip() not in rendered:
        raise InvalidRequest(
            "The model's chat template does not show the message that is to be continued.",
            "Ask for a new message instead.",
        )
    return before if after.startswith(" ") else before.rstrip()


def _render(
    template: str,
    messages: list[TemplateMessage],
    tools: list[dict[str, Any]] | None,
    variables: dict[str, object],
) -> str:
    special = {name: value for name, value in variables.items() if name in _SPECIAL}
    if _wants_parts(template, tuple(sorted(special.items()))):
        messages = [in_parts(message) for message in messages]
    return _written(template, messages, tools, variables)


def _written(
    template: str,
    messages: list[TemplateMessage],
    tools: list[dict[str, Any]] | None,
    variables: dict[str, object],
) -> str:
    def pieces() -> Iterator[str]:
        return _compile(template).generate(messages=messages, tools=tools, documents=None, **variables)

    try:
        return bounded(pieces)
    except RefusedByTemplate as refusal:
        raise InvalidRequest(
            f"The model's chat template says: {refusal}", "Change the messages."
        ) from refusal
    except Exception as error:  # a stranger's program may fail in any way
        raise InvalidModel(
            f"The model's chat template failed: {error}.", "Continue plain text instead, or give another."
        ) from error


@lru_cache(maxsize=32)
def literals(template: str) -> tuple[frozenset[str], frozenset[str]]:
    """The texts in its own expressions: those that it looks for in others, and all of them.

    Raises jinja2.TemplateError for one that cannot be compiled.
    """
    tree = Sandbox().parse(template)
    sought = [node.expr for node in tree.find_all(nodes.Compare) if node.ops[0].op in ("in", "notin")]
    calls = (node for node in tree.find_all(nodes.Call) if isinstance(node.node, nodes.Getattr))
    sought += [one for call in calls for one in call.args]
    return _texts(sought), _texts(tree.find_all(nodes.Const))


def _texts(found: Iterable[nodes.Node]) -> frozenset[str]:
    return frozenset(
        node.value for node in found if isinstance(node, nodes.Const) and isinstance(node.value, str)
    )


def _refuse(message: object) -> NoReturn:
    raise RefusedByTemplate(str(message))


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


class _Namespace(Namespace):
    """Jinja's namespace, without names that mean something to Python."""

    def __init__(*args: Any, **kwargs: Any) -> None:
        values = dict(*args[1:], **kwargs)
        for name in values:
            _check_name(name)
        Namespace.__init__(args[0], values)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"a namespace cannot hold {name[:40]!r}")


@lru_cache(maxsize=32)
def _compile(template: str) -> Template:
    if len(template) > MAX_TEMPLATE:
        raise SecurityError(f"it is longer than {MAX_TEMPLATE} characters")
    sandbox = Sandbox()
    sandbox.add_filter("tojson", _to_json)
    sandbox.globals["raise_exception"] = _refuse
    sandbox.globals["strftime_now"] = lambda layout: datetime.now().strftime(layout)
    sandbox.globals["namespace"] = _Namespace
    return sandbox.from_string(template)
