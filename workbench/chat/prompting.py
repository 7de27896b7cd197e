"""From a conversation to the prompt of a model, in the form that its family knows. Knows no engine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from workbench.backend import ModelFacts
from workbench.chat.formats.answer_format import AnswerFormat
from workbench.chat.formats.described_tools import described
from workbench.chat.formats.recognition import recognised
from workbench.chat.plainer import plainer
from workbench.chat.template import render
from workbench.conversation import Conversation, Tool
from workbench.errors import InvalidModel, InvalidRequest
from workbench.generation import Generation


def facts_with(facts: ModelFacts, tools: Sequence[Tool]) -> ModelFacts:
    """The facts as they hold beside these tools: some models have a template of its own for them."""
    return facts if not (tools and facts.tool_template) else replace(facts, chat_template=facts.tool_template)


def format_of(facts: ModelFacts) -> AnswerFormat:
    return recognised(facts.chat_template, frozenset(facts.own_tokens))


def tools_of(generation: Generation) -> tuple[Tool, ...]:
    """Those that may be called."""
    prompt = generation.prompt
    return prompt.tools if isinstance(prompt, Conversation) and generation.tool_use.choice != "none" else ()


def rendered_prompt(facts: ModelFacts, generation: Generation, conversation: Conversation) -> str:
    """Raises as render does."""
    conversation = replace(conversation, tools=tools_of(generation))
    if not (format_of(facts).described and _speaks_of_tools(conversation)):
        return _with_tools(facts, generation, conversation)
    return _accepted(facts, generation, described(conversation, parallel=generation.tool_use.parallel))


def _with_tools(facts: ModelFacts, generation: Generation, conversation: Conversation) -> str:
    try:
        return _accepted(facts, generation, conversation)
    except InvalidModel:  # there are templates that fail where a tool is not described
        described_tools = tuple(
            replace(tool, description=tool.description or tool.name) for tool in conversation.tools
        )
        if described_tools == conversation.tools:
            raise
        return _accepted(facts, generation, replace(conversation, tools=described_tools))


def _accepted(facts: ModelFacts, generation: Generation, conversation: Conversation) -> str:
    """The conversation as it is, or in the first plainer form that the template does not refuse."""
    try:
        return _render(facts, generation, conversation)
    except InvalidRequest:
        for form in plainer(conversation):
            with suppress(InvalidRequest):
                return _render(facts, generation, form)
        raise


def _speaks_of_tools(conversation: Conversation) -> bool:
    return bool(conversation.tools) or any(
        message.tool_calls or message.role == "tool" for message in conversation.messages
    )


def _render(facts: ModelFacts, generation: Generation, conversation: Conversation) -> str:
    return render(
        facts.chat_template,
        conversation,
        facts.special_tokens,
        continues=generation.continues,
        thinking=generation.thinking,
        values=generation.template_values,
    )
