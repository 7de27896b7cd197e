"""MLC's engine as a Provider, behind its own server or in this process.

What MLC takes and then passes over without a word is left out and told, and what would make it fail, or
answer something else, is refused before it is sent. The rest it refuses itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from workbench.constraint import Constraint
from workbench.conversation import Conversation
from workbench.errors import InvalidConstraint, InvalidRequest, Unsupported
from workbench.events import Event
from workbench.generation import Generation
from workbench.openai_client.asking import schema_of
from workbench.openai_client.endpoint import Endpoint
from workbench.openai_client.own_provider import OwnProvider
from workbench.openai_client.provider import OpenAIProvider

PASSED_OVER = frozenset(
    (
        *("top_k", "min_p", "typical_p", "repeat_penalty", "repetition_penalty", "repeat_last_n"),
        *("dry_multiplier", "dry_base", "dry_allowed_length", "dry_sequence_breakers"),
        *("xtc_probability", "xtc_threshold", "mirostat", "mirostat_tau", "mirostat_eta"),
        *("ignore_eos", "speculate", "parallel_tool_calls", "reasoning_effort", "reasoning_content"),
        *("enable_thinking", "thinking_budget", "chat_template_kwargs", "verbose", "response_fields"),
        "timings_per_token",
    )
)
"""Names of parameters that its requests have not; MLC ignores such ones."""
_MOST_LIKELY = {True: 20, False: 5}
"""Alternatives to a token that a chat may ask for, and a plain text."""


def check(generation: Generation, vocabulary_size: int) -> None:
    """Raises Unsupported and InvalidRequest for what MLC would misunderstand or not survive."""
    prompt, most = generation.prompt, _MOST_LIKELY[isinstance(generation.prompt, Conversation)]
    if generation.continues:
        raise Unsupported("MLC does not go on with an answer that was begun.", "Ask for a new one.")
    if generation.logprobs is not None and generation.logprobs > most:
        raise InvalidRequest(f"MLC tells of {most} alternatives to a token at most.", "Ask for fewer.")
    if isinstance(prompt, tuple) and prompt and not 0 <= min(prompt) <= max(prompt) < vocabulary_size:
        raise InvalidRequest(
            f"A token id is outside the vocabulary of {vocabulary_size}.",
            f"Use ids from 0 to {vocabulary_size - 1}.",
        )
    if generation.constraint is not None:
        _check_form(generation.constraint)


def _check_form(constraint: Constraint) -> None:
    if constraint.kind != "json_schema":
        raise Unsupported("MLC holds answers to JSON schemas only.", "Give a JSON schema.")
    try:
        Draft202012Validator.check_schema(schema_of(constraint.text))
    except SchemaError as error:
        raise InvalidConstraint(
            f"The schema cannot be enforced: {error.message}.", "Correct the schema."
        ) from None


class MlcProvider(OpenAIProvider):
    """`facts` name the vocabulary's size."""

    def know(self, endpoint: Endpoint) -> None:
        """Tell the endpoint once what it would have to find out, or would never notice."""
        endpoint.manner.left_out |= PASSED_OVER
        endpoint.manner.ways["json_schema"] = "response_format.text"

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        self._check_open()
        check(generation, self.facts.vocabulary_size)
        async with aclosing(cast(AsyncGenerator[Event], super().generate(generation))) as events:
            async for event in events:
                yield event


class MlcServerProvider(MlcProvider, OwnProvider):
    """Its server is a process of ours."""
