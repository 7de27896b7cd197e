"""What an answer must look like, as a grammar: calls that are required, content with a form, or either.

Knows no engine; whether it can hold answers to a grammar, it says itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.backend import ModelFacts
from workbench.chat.formats.answer_format import AnswerFormat
from workbench.chat.formats.grammar import Lark
from workbench.chat.prompting import tools_of
from workbench.constraint import JSON_SPACING, Constraint
from workbench.conversation import Tool
from workbench.errors import InvalidRequest, Unsupported
from workbench.generation import Generation


@dataclass(frozen=True, slots=True)
class Requirement:
    """Constraints from a place on.

    Attributes:
        answer: What follows what is thought; None for anything.
        call: What follows the marker with which the model begins calls of its own accord; None for anything.
        opening: What stands before the answer.
    """

    answer: Constraint | None = None
    call: Constraint | None = None
    opening: str = ""


def requirement_of(
    facts: ModelFacts, answer_format: AnswerFormat, own_tokens: Mapping[str, int], generation: Generation
) -> Requirement:
    """Raises Unsupported where calls must be held to a form and the engine cannot do that."""
    tools, use, content = tools_of(generation), generation.tool_use, generation.constraint
    if not tools:
        return Requirement(answer=content, opening=answer_format.answer_opening if content else "")
    able = "constrain" in facts.capabilities

    def forced(some: tuple[Tool, ...], *, begun: bool) -> Constraint:
        try:
            text = answer_format.forced(own_tokens, some, use.parallel, begun=begun)
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError):
            raise InvalidRequest(
                "The parameters of a tool are no JSON Schema of an object.", "Correct them."
            ) from None
        return Constraint("lark", text)

    if use.choice == "required":
        _check(able, "This model's engine cannot be made to call a tool.")
        wanted = tuple(tool for tool in tools if use.name in ("", tool.name))
        return Requirement(answer=forced(wanted, begun=False))
    if any(tool.strict for tool in tools):
        _check(able, "This model's engine cannot hold a tool's arguments to their schema.")
    if content is not None:
        _check(able, "This model's engine cannot hold an answer to a form.")
        calls = forced(tools, begun=False).text
        return Requirement(answer=_either(calls, content, Lark(own_tokens), answer_format.answer_opening))
    if able and (answer_format.described or not use.parallel or any(tool.strict for tool in tools)):
        return Requirement(call=forced(tools, begun=True))
    return Requirement()


def _check(able: bool, otherwise: str) -> None:
    if not able:
        raise Unsupported(otherwise, "Let the model choose, or use a backend that keeps to grammars.")


def _either(calls: str, content: Constraint, lark: Lark, opening: str) -> Constraint:
    """Calls, or content of that form."""
    match content.kind:
        case "json_schema":
            schema = json.loads(content.text)
            body = "%json " + json.dumps({**(schema or {}), "x-guidance": JSON_SPACING}, ensure_ascii=False)
        case "regex":
            body = "/" + content.text.replace("/", "\\/") + "/"
        case _:
            raise Unsupported(
                "A grammar and tools do not go together.", "Leave one out, or ask for a JSON Schema."
            )
    rules = calls.replace("start: ", "forced_calls: ", 1)
    return Constraint("lark", f"start: forced_calls | {lark.text(opening)} content\ncontent: {body}\n{rules}")
