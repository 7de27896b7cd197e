"""The reciting engine: one byte of each running reply per step, all requests at once.

It keeps the engine contract without a model, and refuses what has no meaning for a script.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from workbench.backend import (
    Engine,
    ModelFacts,
    PromptComputed,
    RequestEnded,
    StepEvent,
    TokenDrawn,
    TokenRequest,
)
from workbench.engine_settings import EngineSettings
from workbench.errors import ContextExceeded, InvalidRequest, Unsupported
from workbench.events import FinishReason, Usage
from workbench_scripted.script import Script

TEMPLATE = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant: "
DEFAULT_CONTEXT = 4096
_MEANINGLESS = ("lora", "tensor_overrides", "split", "devices", "rpc_servers", "pooling", "draft")


@dataclass(slots=True)
class Recital:
    """A request and how much of its reply has been said."""

    request: TokenRequest
    reply: bytes
    said: int = 0
    started: bool = field(default=False)


class ScriptedEngine(Engine):
    """Answers each prompt with the reply its last line calls up."""

    def __init__(self, script: Script, settings: EngineSettings) -> None:
        refused = [name for name in _MEANINGLESS if getattr(settings, name)]
        if settings.usual_speculation != "off":
            refused.append("speculation")
        if refused:
            raise Unsupported(f"A script has no {refused[0]}.", "Leave that setting out.")
        self._script = script
        self._context = settings.context_length or DEFAULT_CONTEXT
        self._parallel = settings.parallel
        self._recitals: dict[int, Recital] = {}
        self.facts = ModelFacts(
            architecture="script",
            context_length=self._context,
            trained_context=self._context,
            parallel=settings.parallel,
            vocabulary_size=256,
            capabilities=frozenset() if settings.vocabulary_only else frozenset({"generate"}),
            chat_template=TEMPLATE,
        )

    def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        return list(text.encode())

    def detokenize(self, tokens: Sequence[int]) -> bytes:
        try:
            return bytes(tokens)
        except ValueError:
            raise InvalidRequest(
                "A token id is outside the vocabulary of 256.", "Use ids from 0 to 255."
            ) from None

    def enqueue(self, request: TokenRequest) -> None:
        if "generate" not in self.facts.capabilities:
            raise Unsupported("Only the vocabulary is open.", "Open the whole script.")
        prompt = self.detokenize(request.prompt).decode(errors="replace")
        if not request.prompt:
            raise InvalidRequest("The prompt is empty.", "Give at least one token.")
        if request.logprobs is not None:
            raise Unsupported("A script has no log-probabilities.", "Ask a model for them.")
        if request.constraint is not None:
            raise Unsupported("A script says what it says: it keeps to no constraint.", "Ask a model.")
        if request.speculation not in (None, "off"):
            raise Unsupported("A script needs no drafts.", "Leave speculation out.")
        if len(request.prompt) >= self._context:
            raise ContextExceeded(
                f"The prompt has {len(request.prompt)} tokens, the context holds {self._context}.",
                "Shorten the prompt or load the model with more --context.",
            )
        question = prompt.strip().splitlines()[-2:] if prompt.endswith("assistant: ") else [prompt]
        self._recitals[request.id] = Recital(request, self._script.reply_to("\n".join(question)).encode())

    @property
    def busy(self) -> bool:
        return bool(self._recitals)

    def step(self) -> list[StepEvent]:
        if not self._recitals:
            return []
        time.sleep(self._script.pause)
        running = list(self._recitals.values())[: self._parallel]
        return [event for recital in running for event in self._say(recital)]

    def cancel(self, request_id: int) -> None:
        self._recitals.pop(request_id, None)

    def close(self) -> None:
        self._recitals.clear()

    def _say(self, recital: Recital) -> list[StepEvent]:
        request, events = recital.request, list[StepEvent]()
        if not recital.started:
            recital.started = True
            events.append(PromptComputed(request.id, len(request.prompt), len(request.prompt), 0))
        reason = self._end_before(recital)
        if reason is None:
            token = recital.reply[recital.said % len(recital.reply)]
            recital.said += 1
            events.append(TokenDrawn(request.id, token, bytes([token])))
            reason = self._end_before(recital)
        if reason is not None:
            del self._recitals[request.id]
            events.append(RequestEnded(request.id, reason, Usage(len(request.prompt), 0, recital.said)))
        return events

    def _end_before(self, recital: Recital) -> FinishReason | None:
        """Why no further token comes, if none does."""
        request = recital.request
        room = self._context - len(request.prompt)
        if recital.said >= min(room, room if request.max_tokens is None else request.max_tokens):
            return "length"
        if recital.said >= len(recital.reply) and not (request.ignore_end and recital.reply):
            return "stop"
        return None
