"""What the steps of an Engine tell of the requests that it works on. Plain values; knows no engine."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.embedding import Embedded
from workbench.errors import WorkbenchError
from workbench.events import FinishReason, SampledToken, Usage
from workbench.passes import PassesTimed
from workbench.sampler_trace import Traced


@dataclass(frozen=True, slots=True)
class PromptComputed:
    """So many tokens of the request's prompt are computed; `cached` of them were taken from earlier work."""

    request_id: int
    done: int
    total: int
    cached: int


@dataclass(frozen=True, slots=True)
class TokenDrawn:
    """One more token of the answer and its bytes, which need not be whole characters."""

    request_id: int
    token: int
    piece: bytes
    logprobs: SampledToken | None = None


@dataclass(frozen=True, slots=True)
class RequestEnded:
    """The last event of a request that was not cancelled. The end token itself is not part of the answer."""

    request_id: int
    reason: FinishReason
    usage: Usage


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """The last event of a request that cannot go on, such as one whose constraint grew too complex."""

    request_id: int
    error: WorkbenchError


StepEvent = PromptComputed | TokenDrawn | RequestEnded | RequestFailed | Embedded | PassesTimed | Traced
