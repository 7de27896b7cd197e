"""One answer from an engine: what it is asked for, leg by leg, and what its text means.

A model thinks as it likes, so what an answer must look like holds only once it has begun: then the engine is
asked anew, for what follows what was written until then, which it need not compute again. The same ends
thinking that has gone on for long enough, and holds calls to their form once they begin. Knows no process.
"""

from __future__ import annotations

import time
from dataclasses import replace

from workbench.backend import ModelFacts
from workbench.chat.formats.answer_format import Place
from workbench.chat.formats.answer_reader import AnswerReader
from workbench.chat.formats.source import Pause
from workbench.chat.leg import Leg
from workbench.chat.media import check_media
from workbench.chat.prompting import facts_with, format_of, rendered_prompt, tools_of
from workbench.chat.requirement import requirement_of
from workbench.conversation import Conversation
from workbench.events import Event, Finished, Prefill, TextDelta, Timings
from workbench.generation import Generation


class Answering:
    """Takes the engine's events and gives out the answer's.

    Attributes:
        leg: What the engine is to be asked for. A new one replaces the last, whatever that would still say.
    """

    def __init__(self, facts: ModelFacts, generation: Generation) -> None:
        """Raises Unsupported for what this model or its engine cannot do, and as rendering does."""
        self._generation = generation
        self._reader: AnswerReader | None = None
        self._earlier = _Earlier()
        if isinstance(generation.prompt, Conversation):
            self._begin(facts, generation.prompt)
        else:
            self.leg = Leg(
                prompt=generation.prompt, constraint=generation.constraint, max_tokens=generation.max_tokens
            )

    def take(self, event: Event) -> list[Event]:
        """What the event means; the answer goes on until there is a Finished in it."""
        reader = self._reader
        if reader is None:
            return [event]
        match event:
            case TextDelta():
                self._earlier.see_token()
                return [*reader.feed(event), *self._go_on(reader)]
            case Finished():
                return self._finish(reader, event)
            case Prefill():
                return self._earlier.see_prompt(event)
            case _:
                return [event]

    def _begin(self, facts: ModelFacts, conversation: Conversation) -> None:
        generation, self._media = self._generation, conversation.media
        check_media(facts, self._media)
        tools = tools_of(generation)
        facts = facts_with(facts, tools)
        self._format = format_of(facts)
        own = self._format.own_markers(facts.own_tokens)
        self._shown = tuple(own.values())
        self._requirement = requirement_of(facts, self._format, own, generation)
        self._budget = 0 if generation.thinking.enabled is False else generation.thinking.budget
        self._prompt = rendered_prompt(facts, generation, conversation)
        place = self._format.place(self._prompt, continues=generation.continues)
        if place == "reasoning" and self._budget == 0:
            self._prompt, place = self._prompt + self._format.closing, "start"
        later = self._thinks_first(place)
        if tools or not self._format.plain:
            pauses: set[Pause] = {"answer"} if later and self._requirement.answer else set()
            pauses |= {"call"} if self._requirement.call else set()
            self._reader = AnswerReader(self._format, tools, place, frozenset(pauses))
        opened = not later and place != "text"
        self.leg = self._answer_leg(self._prompt, opened) if not later else self._leg(self._prompt)

    def _thinks_first(self, place: Place) -> bool:
        return place == "reasoning" or (
            place == "start" and self._budget != 0 and self._format.thinks_after(self._prompt)
        )

    def _go_on(self, reader: AnswerReader) -> list[Event]:
        """Ask for another leg where the reader has paused, or where enough was thought."""
        paused, budget = reader.paused, self._budget
        too_long = reader.thinking and budget is not None and reader.reasoning_tokens >= budget
        if not (paused or too_long):
            return []
        closing = self._format.closing if reader.thinking else ""
        prompt = self._prompt + reader.cut() + closing
        self._earlier.tokens = reader.tokens
        most = self._generation.max_tokens
        if most is not None and reader.tokens >= most:
            return [self._earlier.finished(Finished("length"), reader)]
        if closing:
            reader.go_on_with(closing)
        if paused == "call":
            self.leg = replace(self._leg(prompt), constraint=self._requirement.call)
        elif paused == "answer" or self._requirement.answer:
            self.leg = self._answer_leg(prompt, opened=True)
        else:
            self.leg = self._leg(prompt)
        return []

    def _finish(self, reader: AnswerReader, event: Finished) -> list[Event]:
        told: list[Event] = [*reader.finish()]
        if event.reason == "stop" and not event.stop_sequence:
            before = self.leg
            further = self._go_on(reader)
            if further or self.leg is not before:
                return [*told, *further]
        return [*told, self._earlier.finished(event, reader)]

    def _answer_leg(self, prompt: str, opened: bool) -> Leg:
        """The answer itself, in the form that it must have; `opened` puts before it what belongs there."""
        opening = self._requirement.opening if opened else ""
        if self._reader is not None:
            self._reader.begin_answer(opening)
        return replace(self._leg(prompt + opening), constraint=self._requirement.answer)

    def _leg(self, prompt: str) -> Leg:
        most = self._generation.max_tokens
        room = None if most is None else most - self._earlier.tokens
        return Leg(prompt=prompt, max_tokens=room, shown=self._shown, media=self._media)


class _Earlier:
    """What the legs before the present one have cost, for the account of the whole."""

    def __init__(self) -> None:
        self.tokens = 0
        self._prompt: Prefill | None = None
        self._started = time.perf_counter()
        self._first = 0.0

    def see_prompt(self, event: Prefill) -> list[Event]:
        """The first leg's prompt is the answer's; what later ones compute is next to nothing."""
        if self.tokens:
            return []
        self._prompt = event
        return [event]

    def see_token(self) -> None:
        self._first = self._first or time.perf_counter()

    def finished(self, event: Finished, reader: AnswerReader) -> Finished:
        """The end of the whole answer, from the end of its last leg."""
        reason, usage, timings = event.reason, event.usage, event.timings
        if reason == "stop" and not event.stop_sequence and reader.called:
            reason = "tool_calls"
        if self.tokens and self._prompt is not None:
            usage = replace(
                usage,
                prompt_tokens=self._prompt.total,
                cached_tokens=self._prompt.cached,
                completion_tokens=usage.completion_tokens + self.tokens,
            )
            timings = Timings(self._first - self._started, time.perf_counter() - self._first)
        usage = replace(usage, reasoning_tokens=reader.reasoning_tokens)
        return replace(event, reason=reason, usage=usage, timings=timings)
