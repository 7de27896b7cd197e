"""Drive an Engine or a Provider to the end and keep what it said. Knows no backend."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.backend import Engine, PromptComputed, Provider, RequestEnded, StepEvent, TokenDrawn
from workbench.conversation import Conversation, Message
from workbench.events import Event, Finished, Prefill, TextDelta
from workbench.generation import Generation
from workbench.sampling import SamplingSettings

GREEDY = SamplingSettings(temperature=0)


@dataclass
class Answer:
    """The events of one engine request, sorted."""

    prompt: list[PromptComputed] = field(default_factory=list)
    tokens: list[TokenDrawn] = field(default_factory=list)
    ends: list[RequestEnded] = field(default_factory=list)

    @property
    def ids(self) -> list[int]:
        return [token.token for token in self.tokens]

    def add(self, event: StepEvent) -> None:
        match event:
            case PromptComputed():
                assert not self.tokens and not self.ends
                self.prompt.append(event)
            case TokenDrawn():
                assert self.prompt and not self.ends
                self.tokens.append(event)
            case RequestEnded():
                assert not self.ends
                self.ends.append(event)


def run_all(engine: Engine, answers: dict[int, Answer] | None = None) -> dict[int, Answer]:
    """Step until nothing runs."""
    answers = {} if answers is None else answers
    while engine.busy:
        for event in engine.step():
            answers.setdefault(event.request_id, Answer()).add(event)
    return answers


def ask(question: str) -> Conversation:
    return Conversation((Message("user", question),))


async def events_of(provider: Provider, generation: Generation) -> list[Event]:
    return [event async for event in provider.generate(generation)]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def finished(events: list[Event]) -> Finished:
    """The one end, after checking that the events came in the promised order."""
    kinds = [type(event) for event in events]
    assert kinds == sorted(kinds, key=[Prefill, TextDelta, Finished].index)
    assert kinds.count(Finished) == 1
    last = events[-1]
    assert isinstance(last, Finished)
    return last
