"""The contract that every engine keeps. A third party reads this file and writes a backend.

A Backend is found by entry point and opens an Engine, which works on tokens and is stepped by its owner, or a
Provider, which works on conversations and events. The runtime makes a Provider of each Engine, so interfaces
know Providers only. What not every backend can do are ports. Knows no process and no engine by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from workbench.constraint import Constraint
from workbench.conversation import Medium
from workbench.embedding import EmbeddingRequest, Embeddings
from workbench.engine_device import Build, EngineDevice
from workbench.engine_settings import EngineSettings, Speculation
from workbench.errors import Unsupported
from workbench.events import Event
from workbench.generation import Generation
from workbench.model_facts import Capability as Capability
from workbench.model_facts import ModelFacts as ModelFacts
from workbench.passes import PassRequest
from workbench.ports import Calibrator, Estimator, Lender, Profiler, Quantizer, Scorer, StandIns
from workbench.sampler_trace import SamplerTrace, TraceRequest
from workbench.sampling import SamplingSettings
from workbench.step_events import PromptComputed as PromptComputed
from workbench.step_events import RequestEnded as RequestEnded
from workbench.step_events import RequestFailed as RequestFailed
from workbench.step_events import StepEvent as StepEvent
from workbench.step_events import TokenDrawn as TokenDrawn

LoadProgress = Callable[[float], bool]
"""Told the loaded share from 0 to 1; returns False to stop loading, which raises LoadCancelled."""


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a backend can run here; when not, `remedy` is the command or step that changes it."""

    available: bool
    version: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """One request to an Engine. The engine ends it after `max_tokens`, at its context, or at an end token.

    `logprobs` asks for the log-probability of each drawn token and of that many alternatives beside it.
    Control tokens have no text, but those that are `shown` have their names.
    Only tokens that keep to the `constraint` are drawn, and the answer ends when it is complete.
    `speculation` None is as the engine was loaded; whatever is drafted, the answer stays the same.
    `mixed` takes the place of `prompt` where there are media in it: texts, control tokens in them read as
    such, and media in their order. `prepared` is the engine's own, see Engine.prepare.
    """

    id: int
    prompt: tuple[int, ...]
    max_tokens: int | None = None
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    logprobs: int | None = None
    ignore_end: bool = False
    constraint: Constraint | None = None
    shown: tuple[int, ...] = ()
    speculation: Speculation | None = None
    mixed: tuple[str | Medium, ...] = ()
    prepared: object = None


class Engine(ABC):
    """A loaded model that works on tokens. One thread owns and steps it; others tokenize and detokenize."""

    facts: ModelFacts

    @abstractmethod
    def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        """Token ids; `special` reads control tokens in the text.

        `add` adds those that the model begins and ends texts with; None means as `special`.
        """

    @abstractmethod
    def detokenize(self, tokens: Sequence[int]) -> bytes:
        """The bytes the tokens stand for. Raises InvalidRequest for ids outside the vocabulary."""

    def pieces(self, tokens: Sequence[int]) -> list[bytes]:
        """The bytes of each token apart, and the names of control tokens. Raises as detokenize does."""
        return [self.detokenize([token]) for token in tokens]

    def prepare(self, request: TokenRequest) -> TokenRequest:
        """Do ahead, on any thread, what would hold up the engine's own in enqueue. Raises as enqueue does.

        Returns the request to enqueue, whose `prompt` is as long as the whole prompt.
        """
        return request

    @abstractmethod
    def enqueue(self, request: TokenRequest) -> None:
        """Take a request in, or raise ContextExceeded, InvalidRequest or Unsupported and keep nothing."""

    @abstractmethod
    def step(self) -> list[StepEvent]:
        """One pass over everything that runs. Returns at once, with no events, when nothing does."""

    @abstractmethod
    def cancel(self, request_id: int) -> None:
        """Drop a request before the next step; unknown ids are ignored. It yields no further event."""

    @property
    @abstractmethod
    def busy(self) -> bool:
        """Whether a further step would do work."""

    def trace(self, request: TraceRequest) -> None:
        """Take in a request as `enqueue` does; it ends with Traced. Raises Unsupported where it cannot."""
        raise Unsupported("This engine does not tell how it draws.", "Use llama.cpp.")

    def embed(self, request: EmbeddingRequest) -> None:
        """Take in a request for vectors as `enqueue` does one for text. Raises Unsupported where none are."""
        raise Unsupported("This model makes no embeddings.", "Use one that was made for them.")

    def pair(self, query: str, document: str) -> list[int]:
        """Both as tokens, as a model that ranks reads them. Raises Unsupported where it does not."""
        raise Unsupported("This model ranks no documents.", "Use one that was made for it.")

    def time_passes(self, request: PassRequest) -> None:
        """Take in a request as `enqueue` does; it is computed alone. Raises Unsupported where it cannot."""
        raise Unsupported("This engine does not time passes alone.", "Measure whole requests.")

    @abstractmethod
    def close(self) -> None:
        """Give back everything. Idempotent."""


class Provider(ABC):
    """A model that answers conversations with events, wherever it runs."""

    facts: ModelFacts

    @abstractmethod
    def generate(self, generation: Generation) -> AsyncIterator[Event]:
        """The answer as it comes. Closing the iterator cancels. Raises WorkbenchError at the first step."""

    async def rendered(self, generation: Generation) -> str | tuple[int, ...]:
        """The prompt as the model gets it, control tokens and all. Raises as generate, and Unsupported."""
        raise Unsupported("This backend does not tell what it makes of a prompt.", "Use one that runs here.")

    async def prompt_length(self, generation: Generation) -> int:
        """Tokens of the prompt as the model gets it, media and all. Raises as `rendered`."""
        prompt = await self.rendered(generation)
        return len(await self.tokenize(prompt, special=True) if isinstance(prompt, str) else prompt)

    @abstractmethod
    async def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        """As Engine.tokenize. Raises Unsupported where the other side does not tell."""

    async def tokenize_all(
        self, texts: Sequence[str], *, special: bool = False, add: bool | None = None
    ) -> list[list[int]]:
        """As `tokenize`, of many texts at once."""
        return [await self.tokenize(text, special=special, add=add) for text in texts]

    @abstractmethod
    async def detokenize(self, tokens: Sequence[int]) -> str:
        """As Engine.detokenize, decoded as UTF-8 with replacement characters."""

    async def pieces(self, tokens: Sequence[int]) -> list[bytes]:
        """As Engine.pieces. Raises Unsupported where the other side does not tell."""
        raise Unsupported("This backend does not tell the bytes of its tokens.", "Use one that runs here.")

    async def trace(self, generation: Generation, *, top: int = 10, draws: int = 0) -> SamplerTrace:
        """How the sampler chain moves the probabilities of the answer's first token, see TraceRequest.

        Raises as `rendered`, and Unsupported for prompts with media and answers of a given form.
        """
        raise Unsupported("This backend does not tell how it draws.", "Load the model here.")

    async def embed(self, inputs: Sequence[str | Sequence[int]]) -> Embeddings:
        """Vectors of texts, or of tokens. Raises Unsupported, InvalidRequest or ContextExceeded."""
        raise Unsupported("This model makes no embeddings.", "Use one that was made for them.")

    async def time_passes(self, held: tuple[int, ...], tokens: tuple[int, ...], *, together: bool) -> float:
        """Seconds as measured beside the engine, see PassRequest. Raises Unsupported where it cannot tell."""
        raise Unsupported("This backend does not time passes alone.", "Measure whole requests.")

    async def rank(self, query: str, documents: Sequence[str]) -> Embeddings:
        """What the model's classification head says of each document. Raises as `embed` does."""
        raise Unsupported("This model ranks no documents.", "Use one that was made for it.")

    @abstractmethod
    async def close(self) -> None:
        """End what was started. Idempotent."""


class Backend(ABC):
    """An engine's way in. Importing its module is cheap: the engine library is imported when opening.

    `runs` says in a few words what it opens, and `elsewhere` that its models run in other people's processes.
    """

    name: str
    runs: str = ""
    elsewhere: bool = False
    opens: Literal["engine", "provider"]

    @abstractmethod
    def status(self) -> Status:
        """Whether it can run here, found out without importing the engine library."""

    @abstractmethod
    def supports(self, model: str) -> bool:
        """Whether the path or address names something of this backend's kind, judged without loading it."""

    @abstractmethod
    def open(self, model: str, settings: EngineSettings, progress: LoadProgress) -> Engine | Provider:
        """Load or connect. Raises a WorkbenchError with a remedy, and then holds nothing."""

    def build(self) -> Build:
        """What is installed, found out as `status` is."""
        return Build()

    def devices(self, rpc_servers: Sequence[str] = ()) -> tuple[EngineDevice, ...]:
        """What it computes on here, and there. It may load drivers: call it in a process of its own.

        Raises Unsupported or Unreachable for servers that cannot be used.
        """
        return ()

    def install_command(self, api: str, runtime: str = "") -> str:
        """What makes it use "cpu" or a GpuApi, "" for nothing; `runtime`: the newest CUDA the driver runs."""
        return ""

    def estimator(self) -> Estimator | None:
        """A new one, which starts nothing before it is asked; None where memory cannot be told."""
        return None

    def quantizer(self) -> Quantizer | None:
        """A new one, which starts nothing before it is asked; None where it cannot make models smaller."""
        return None

    def scorer(self) -> Scorer | None:
        """None where logits cannot be had."""
        return None

    def calibrator(self) -> Calibrator | None:
        """A new one, which starts nothing before it is asked; None where inputs cannot be seen."""
        return None

    def stand_ins(self) -> StandIns | None:
        """A new one, which starts nothing before it is asked; None where no model can be stood in for."""
        return None

    def lender(self) -> Lender | None:
        """None where devices cannot be lent to other machines."""
        return None

    def profiler(self) -> Profiler | None:
        """None where nothing can be told of what happens inside."""
        return None
