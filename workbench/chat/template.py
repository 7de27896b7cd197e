"""A model's own chat template, rendered the way transformers renders it, in a sandbox.

The template comes out of a file from a stranger: it sees plain values only, and its output, its loops and the
strings it may build are bounded. Knows nothing of tokens.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import Template, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from workbench.conversation import Conversation
from workbench.errors import InvalidModel, InvalidRequest, Unsupported

MAX_SECONDS = 2.0
MAX_CHARACTERS = 16_000_000
MAX_REPEAT = 100_000


class RefusedByTemplate(TemplateError):
    """The template itself refused the conversation, with its own words."""


def render(template: str | None, conversation: Conversation, special_tokens: dict[str, str]) -> str:
    """The prompt that asks for the assistant's next turn.

    Raises Unsupported when the model has no template, InvalidModel for one that is broken or misbehaves, and
    InvalidRequest when the template refuses this order of messages.
    """
    if template is None:
        raise Unsupported(
            "This model has no chat template.", "Continue plain text instead: --raw or /v1/completions."
        )
    messages = [{"role": message.role, "content": message.content} for message in conversation.messages]
    try:
        pieces = _compile(template).generate(messages=messages, add_generation_prompt=True, **special_tokens)
        return "".join(_bounded(pieces))
    except RefusedByTemplate as refusal:
        raise InvalidRequest(
            f"The model's chat template says: {refusal}", "Change the messages."
        ) from refusal
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise InvalidModel(
            f"The model's chat template failed: {error}.", "Continue plain text instead."
        ) from error


def _bounded(pieces: Iterator[str]) -> Iterator[str]:
    deadline = time.monotonic() + MAX_SECONDS
    room = MAX_CHARACTERS
    for piece in pieces:
        room -= len(piece)
        if room < 0 or time.monotonic() > deadline:
            raise SecurityError("it writes without end")
        yield piece


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and max(abs(left), abs(right)) > 1024:
            raise SecurityError("a power is too large")
        sizes = [len(side) if hasattr(side, "__len__") else side for side in (left, right)]
        if (
            operator == "*"
            and not all(isinstance(side, int | float) for side in (left, right))
            and (sizes[0] * sizes[1] > MAX_REPEAT)
        ):
            raise SecurityError("a repetition is too long")
        return super().call_binop(context, operator, left, right)


def _range(*bounds: int) -> Iterator[int]:
    """A range that ends when the time for the whole template is up, also in loops that write nothing."""
    deadline = time.monotonic() + MAX_SECONDS
    for number in range(*bounds):
        if time.monotonic() > deadline:
            raise SecurityError("it loops without end")
        yield number


def _refuse(message: str) -> NoReturn:
    raise RefusedByTemplate(message)


def _to_json(value: Any, indent: int | None = None, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, **options)


@lru_cache(maxsize=32)
def _compile(template: str) -> Template:
    environment = _Environment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = lambda layout: datetime.now().strftime(layout)
    environment.globals["range"] = _range
    return environment.from_string(template)
