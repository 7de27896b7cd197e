"""An example conversation as a model's template writes it, and the format in which the model answers.

Knows nothing of how it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.backend import ModelFacts
from workbench.chat.formats.answer_format import AnswerFormat
from workbench.chat.prompting import facts_with, format_of, rendered_prompt
from workbench.conversation import Conversation, Message, Tool, ToolCall
from workbench.errors import InvalidModel, InvalidRequest
from workbench.generation import Generation

_SYSTEM = Message("system", "Answer briefly.")
_QUESTION = Message("user", "What is the weather in Rome?")
_CALL = Message("assistant", "", tool_calls=(ToolCall("call12345", "weather", '{"city": "Rome"}'),))
_RESULT = Message("tool", "Sunny, 24 °C", tool_call_id="call12345", name="weather")
_TOOL = Tool(
    name="weather",
    description="Tells the weather of a city.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
_TALK = (_QUESTION, Message("assistant", "I cannot know that."), Message("user", "Guess, then."))


@dataclass(frozen=True, slots=True)
class Example:
    """The prompt, with a call and its result where the template knows tools."""

    format: AnswerFormat
    prompt: str


def example(facts: ModelFacts) -> Example:
    """The longest of a few conversations that the template takes. Raises as rendering does."""
    answer_format = format_of(facts_with(facts, (_TOOL,)))
    talks = [Conversation((_SYSTEM, *_TALK)), Conversation(_TALK)]
    if not answer_format.described:
        with_tools = Conversation((_SYSTEM, _QUESTION, _CALL, _RESULT), (_TOOL,))
        talks = [with_tools, Conversation(with_tools.messages[1:], with_tools.tools), *talks]
    for conversation in talks[:-1]:
        try:
            return Example(answer_format, _prompt(facts, conversation))
        except (InvalidRequest, InvalidModel):
            continue
    return Example(answer_format, _prompt(facts, talks[-1]))


def _prompt(facts: ModelFacts, conversation: Conversation) -> str:
    return rendered_prompt(
        facts_with(facts, conversation.tools), Generation(prompt=conversation), conversation
    )
