"""A model that one or several servers have, as a Provider.

Until the first word of an answer a server that fails or hangs is replaced by another one; after it, its
failure is the answer's. Knows no server by name.
"""

from __future__ import annotations

import time
from array import array
from base64 import b64decode
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Any, TypeVar, cast

from workbench.backend import ModelFacts, Provider
from workbench.conversation import Conversation
from workbench.embedding import Embeddings, Vector
from workbench.errors import EngineDied, InvalidRequest, Unreachable, Unsupported, WorkbenchError
from workbench.events import Event
from workbench.generation import Generation
from workbench.openai_client import tokenizing
from workbench.openai_client.asking import body_of, wished
from workbench.openai_client.endpoint import Endpoint
from workbench.openai_client.endpoints import Endpoints
from workbench.openai_client.failures import Refused
from workbench.openai_client.liveness import steadily
from workbench.openai_client.opening import opened, opened_in_form
from workbench.openai_client.reading import AnswerReader
from workbench.openai_client.tokenizing import Tokenizer

Answered = TypeVar("Answered")
_MORE_WORDS = {"verbose": True, "response_fields": ["stopping_word"]}


class OpenAIProvider(Provider):
    """`facts` are what the servers told when they were first asked."""

    def __init__(self, endpoints: Endpoints, facts: ModelFacts, tokenizer: Tokenizer | None) -> None:
        self.facts = facts
        self.endpoints = endpoints
        self.tokenizer = tokenizer
        self._closed = False

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        failure: Unreachable | None = None
        self._check_open()
        for endpoint, patience in self.endpoints.in_turn():
            begun = False
            try:
                with endpoint.lent():
                    async with (
                        aclosing(self._answer(endpoint, generation)) as answer,
                        aclosing(steadily(endpoint, answer, patience)) as events,
                    ):
                        async for event in events:
                            begun = True
                            yield event
                return
            except Unreachable as error:
                if begun:
                    raise
                failure = error
        assert failure is not None
        raise failure

    async def rendered(self, generation: Generation) -> str | tuple[int, ...]:
        if not isinstance(generation.prompt, Conversation):
            return generation.prompt

        async def ask(endpoint: Endpoint) -> str | tuple[int, ...]:
            chat = body_of(endpoint.place.model, generation)
            for name in ("stream", "stream_options"):
                chat.pop(name)
            return await tokenizing.prompt_of(endpoint, self.tokenizer, endpoint.manner.applied(chat))

        return await self._asked(ask)

    async def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        how, added = self._tokenizer(), special if add is None else add
        return await self._asked(lambda one: tokenizing.tokens_of(one, how, text, special, added))

    async def detokenize(self, tokens: Sequence[int]) -> str:
        how = self._tokenizer()
        return await self._asked(lambda one: tokenizing.text_of(one, how, tokens))

    async def pieces(self, tokens: Sequence[int]) -> list[bytes]:
        how = self._tokenizer()
        return await self._asked(lambda one: tokenizing.pieces_of(one, how, tokens))

    async def embed(self, inputs: Sequence[str | Sequence[int]]) -> Embeddings:
        given = [one if isinstance(one, str) else list(one) for one in inputs]
        answer = await self._posted("/embeddings", {"input": given})
        rows = sorted(answer["data"], key=lambda row: row.get("index", 0))
        return Embeddings(tuple(_vector(row["embedding"]) for row in rows), _prompt_tokens(answer))

    async def rank(self, query: str, documents: Sequence[str]) -> Embeddings:
        answer = await self._posted("/rerank", {"query": query, "documents": list(documents)})
        rows = sorted(answer["results"], key=lambda row: row["index"])
        scores = tuple(array("f", [row["relevance_score"]]) for row in rows)
        return Embeddings(scores, _prompt_tokens(answer))

    async def close(self) -> None:
        self._closed = True
        await self.endpoints.close()

    async def _answer(self, endpoint: Endpoint, generation: Generation) -> AsyncGenerator[Event]:
        body = body_of(endpoint.place.model, generation)
        route = "/chat/completions" if isinstance(generation.prompt, Conversation) else "/completions"
        url = f"{endpoint.place.url}{route}"
        if room := await self._room(endpoint, generation):
            body["max_tokens"] = room
        if generation.stop and endpoint.manner.tells_stops:
            body |= _MORE_WORDS
        started = time.perf_counter()
        async with AsyncExitStack() as stack:
            try:
                if generation.constraint is None:
                    data = await opened(stack, endpoint, url, body)
                else:
                    data = await opened_in_form(stack, endpoint, url, body, generation.constraint)
            except Refused as refused:
                raise _meaning(refused) from None
            notices = self._left_out(endpoint, generation)
            reader = AnswerReader(endpoint.place, generation, started, notices)
            async with aclosing(cast(AsyncGenerator[Event], reader.events(data))) as events:
                async for event in events:
                    yield event

    async def _room(self, endpoint: Endpoint, generation: Generation) -> int:
        """What a plain text without a limit may be continued by, where that is known: servers take 16."""
        prompt, context = generation.prompt, self.facts.context_length
        if generation.max_tokens is not None or not context or isinstance(prompt, Conversation):
            return 0
        if isinstance(prompt, str):
            if self.tokenizer is None:
                return 0
            prompt = tuple(await tokenizing.tokens_of(endpoint, self.tokenizer, prompt, True, True))
        return max(context - len(prompt), 0)

    def _left_out(self, endpoint: Endpoint, generation: Generation) -> list[str]:
        missing = endpoint.manner.missing(wished(generation))
        names = ", ".join(missing)
        return [f"The server at {endpoint.place.server} does not take {names}: left out."] if missing else []

    async def _posted(self, route: str, body: dict[str, Any]) -> Any:
        async def ask(endpoint: Endpoint) -> Any:
            return await endpoint.post(
                f"{endpoint.place.url}{route}", {"model": endpoint.place.model, **body}
            )

        answer = await self._asked(ask)
        if not isinstance(answer, dict):
            raise self.endpoints.each[0].place.garbled("an answer of another shape")
        return answer

    async def _asked(self, ask: Callable[[Endpoint], Awaitable[Answered]]) -> Answered:
        """Raises InvalidRequest where the server refuses, or answers with something else."""
        self._check_open()
        try:
            return await self.endpoints.asked(ask)
        except Refused as refused:
            raise _meaning(refused) from None
        except (KeyError, TypeError, AttributeError):
            raise self.endpoints.each[0].place.garbled("an answer of another shape") from None

    def _tokenizer(self) -> Tokenizer:
        if self.tokenizer is None:
            raise Unsupported("The server does not tell tokens.", "Use a model that runs here for that.")
        return self.tokenizer

    def _check_open(self) -> None:
        if self._closed:
            raise EngineDied("The model was unloaded.", "Load it again.")


def _meaning(refused: Refused) -> WorkbenchError:
    if refused.not_taken and type(refused.error) is InvalidRequest:
        error = Unsupported(refused.error.message, "Leave it out, or ask another server.")
        error.param = refused.error.param
        return error
    return refused.error


def _vector(value: Any) -> Vector:
    return array("f", b64decode(value)) if isinstance(value, str) else array("f", value)


def _prompt_tokens(answer: dict[str, Any]) -> int:
    usage = answer.get("usage") or {}
    return int(usage.get("prompt_tokens") or usage.get("total_tokens") or 0)
