"""Asks a model many questions, several at once, and keeps each answer. Knows nothing of rows or files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain

from workbench.backend import Provider
from workbench.batches.running import together
from workbench.datasets.asking.answers import Answer, Answers
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.events import Finished, TextDelta
from workbench.generation import Generation
from workbench.tuning.opening import open_tuned

AT_ONCE = 4


class Asking:
    """One model and its answers. `told` is called with how many questions have one."""

    def __init__(self, model: str, answers: Answers, told: Callable[[int], None]) -> None:
        self._model, self._answers, self._told = model, answers, told
        self._done = 0

    def ask(self, questions: Iterable[Generation]) -> None:
        """Ask what has no answer yet.

        Raises WorkbenchError where the model cannot be loaded or dies; what it answered before is kept.
        """
        asyncio.run(self._ask(self._unanswered(questions)))

    async def _ask(self, questions: Iterator[Generation]) -> None:
        first = next(questions, None)
        self._told(self._done)
        if first is None:
            return
        provider = await open_tuned(self._model, EngineSettings(parallel=AT_ONCE))
        try:
            waiting = chain((first,), questions)
            await together(self._work(provider, waiting) for _ in range(AT_ONCE))
        finally:
            await provider.close()

    def _unanswered(self, questions: Iterable[Generation]) -> Iterator[Generation]:
        for question in questions:
            if self._answers.of(question) is None:
                yield question
            else:
                self._done += 1

    async def _work(self, provider: Provider, questions: Iterator[Generation]) -> None:
        for question in questions:
            self._answers.keep(question, await answered(provider, question))
            self._done += 1
            self._told(self._done)


async def answered(provider: Provider, question: Generation) -> Answer:
    """Refused where the question itself is at fault, such as one longer than the context.

    Who cannot keep to a form is asked without one.
    """
    if "constrain" not in provider.facts.capabilities:
        question = replace(question, constraint=None)
    text, ended = "", "stop"
    try:
        async for event in provider.generate(question):
            match event:
                case TextDelta(piece):
                    text += piece
                case Finished(reason):
                    ended = reason
    except InvalidRequest as error:
        return Answer("refused", error.message)
    return Answer("length" if ended == "length" else "stop", text)
