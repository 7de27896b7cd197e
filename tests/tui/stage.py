"""What the app is given in tests: a machine, models, and an engine that says what a test makes it say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.tui.made_up_hub import broken_hub
from workbench.backend import ModelFacts, Provider
from workbench.chat.history import History
from workbench.engine_settings import EngineSettings
from workbench.errors import WorkbenchError
from workbench.events import Event, Finished, FinishReason, Prefill, ReasoningDelta, TextDelta, Timings, Usage
from workbench.generation import Generation
from workbench.machine import Gpu, Machine
from workbench.models import Description
from workbench.models.transfer.queue import DownloadQueue
from workbench.runtime.attached_provider import AttachedProvider
from workbench.tui.surroundings import Hub, Surroundings

NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
LAPTOP = Machine(
    cpu="AMD Ryzen 7 7840U",
    physical_cores=8,
    logical_cores=16,
    ram_total=32 * 2**30,
    ram_free=21 * 2**30,
    platform="Linux x86_64",
)
WORKSTATION = Machine(
    cpu="Intel Core i9-14900K",
    physical_cores=24,
    logical_cores=32,
    ram_total=64 * 2**30,
    ram_free=51 * 2**30,
    platform="Linux x86_64",
    gpus=(Gpu("NVIDIA GeForce RTX 4090", 24 * 2**30),),
)
GUIDE = Description("guide", Path("/models/guide.gguf"), 12_900_000, "llama", "F16")
QWEN = Description("qwen2.5-7b-instruct-q4_k_m", Path("/models/qwen.gguf"), 4_683_000_000, "qwen2", "Q4_K_M")
GEMMA = Description("gemma-2-2b-it-q8_0", Path("/models/gemma.gguf"), 2_784_000_000, "gemma2", "Q8_0")
BROKEN = Description(
    "mistral-7b-q5_k_m",
    Path("/models/mistral.gguf"),
    1_073_741_824,
    problem="The file is cut short: 1.0 GiB of 4.8 GiB are there.",
)
MODELS = [GUIDE, QWEN, GEMMA, BROKEN]
FACTS = ModelFacts(
    architecture="llama",
    context_length=2048,
    trained_context=2048,
    parallel=1,
    vocabulary_size=4096,
    quantization="F16",
)


class Actor(Provider):
    """Speaks one piece of text each time it is cued, or all at once; fails when told to."""

    def __init__(self, facts: ModelFacts = FACTS) -> None:
        self.facts = facts
        self.lines: dict[str, str] = {}
        self.thoughts = ""
        self.heard: list[Generation] = []
        self.failure: BaseException | None = None
        self.closed = False
        self.cancelled = 0
        self.timings = Timings(0.21, 1.0)
        self.ending: FinishReason = "stop"
        self._cues = asyncio.Semaphore(0)
        self._rushing = True

    def wait_for_cues(self) -> None:
        self._rushing = False

    def cue(self, pieces: int = 1) -> None:
        for _ in range(pieces):
            self._cues.release()

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        self.heard.append(generation)
        question = generation.prompt.messages[-1].content  # type: ignore[union-attr]
        pieces = self.lines.get(question, f"You said: {question}").split(" ")
        yield Prefill(20, 20, 0)
        if self.thoughts:
            yield ReasoningDelta(self.thoughts, 1)
        try:
            for number, piece in enumerate(pieces):
                if not self._rushing:
                    await self._cues.acquire()
                if self.failure is not None:
                    failure, self.failure = self.failure, None
                    raise failure
                yield TextDelta(piece if number == 0 else f" {piece}", 1)
                await asyncio.sleep(0)
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            raise
        yield Finished(self.ending, Usage(20, 0, len(pieces)), self.timings)

    async def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        return list(text.encode())

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return bytes(tokens).decode()

    async def close(self) -> None:
        self.closed = True


@dataclass
class Stage:
    """The surroundings of one test, and the controls of what happens in them."""

    folder: Path
    machine: Machine = LAPTOP
    models: list[Description] = field(default_factory=lambda: list(MODELS))
    load_failure: WorkbenchError | None = None
    held: bool = False
    time: float = 0.0
    opened: list[str] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    prepare: Callable[[Actor], None] = lambda actor: None
    hub: Hub = field(default_factory=broken_hub)
    queue: Callable[[], DownloadQueue] = DownloadQueue

    def __post_init__(self) -> None:
        self.shares: asyncio.Queue[float] = asyncio.Queue()
        self.list_models: Callable[[], list[Description]] = lambda: self.models

    @property
    def actor(self) -> Actor:
        return self.actors[-1]

    def history(self) -> History:
        return History(self.folder / "history.sqlite3")

    async def attach(self, model: Path, progress: Callable[[float], None]) -> AttachedProvider | None:
        """No server runs."""
        return None

    async def open_model(
        self, model: str, settings: EngineSettings, *, progress: Callable[[float], None]
    ) -> Provider:
        """Loads at once, or with `held` as far as the test puts shares into the queue, to 1.0."""
        self.opened.append(model)
        share = 0.0
        while self.held and share < 1.0:
            share = await self.shares.get()
            progress(share)
        if self.load_failure is not None:
            raise self.load_failure
        self.actors.append(Actor())
        self.prepare(self.actor)
        return self.actor

    def surroundings(self) -> Surroundings:
        return Surroundings(
            machine=lambda: self.machine,
            models=lambda: self.list_models(),
            attach=self.attach,
            open_model=self.open_model,
            history=self.history,
            hub=self.hub,
            queue=self.queue,
            now=lambda: NOW,
            clock=lambda: self.time,
        )
