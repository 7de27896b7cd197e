"""Draw the pictures of the app that stand beside this file: python assets/screenshots/make.py.

What they tell is made up here, so that they come out the same on every machine; the app is the real one.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from workbench.backend import Generation, ModelFacts, Provider
from workbench.chat.history import History
from workbench.engine_settings import EngineSettings
from workbench.events import Event, Finished, Prefill, TextDelta, Timings, Usage
from workbench.machine import Gpu, Machine
from workbench.models import Description
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.model_picker import ModelPicker
from workbench.tui.session import Ready
from workbench.tui.surroundings import Surroundings
from workbench.tui.widgets.choice_list import ChoiceList
from workbench.tui.widgets.prompt import Prompt

FOLDER = Path(__file__).parent
SIZE = (100, 30)
QUESTION = "What is Q4_K_M, and how much memory does it save?"
ANSWER = """`Q4_K_M` is a way to store a model's weights in about **4.8 bits** each instead of 16.

| quantization | bits per weight | a 7B model takes |
|---|---|---|
| F16 | 16 | 14.2 GiB |
| Q8_0 | 8.5 | 7.5 GiB |
| Q4_K_M | 4.8 | 4.4 GiB |

For most conversations you will not notice the difference:

```bash
workbench run qwen2.5-7b-instruct-q4_k_m "Hello"
```
"""
MACHINE = Machine(
    cpu="AMD Ryzen 9 7900X",
    physical_cores=12,
    logical_cores=24,
    ram_total=64 * 2**30,
    ram_free=47 * 2**30,
    platform="Linux x86_64",
    gpus=(Gpu("NVIDIA GeForce RTX 4070", 12 * 2**30),),
)
GUIDE = Description("guide", Path("guide.gguf"), 12_900_000, "llama", "F16")
MODELS = [
    GUIDE,
    Description("qwen2.5-7b-instruct-q4_k_m", Path("qwen.gguf"), 4_683_000_000, "qwen2", "Q4_K_M"),
    Description("gemma-2-2b-it-q8_0", Path("gemma.gguf"), 2_784_000_000, "gemma2", "Q8_0"),
    Description(
        "mistral-7b-q5_k_m",
        Path("mistral.gguf"),
        1_073_741_824,
        problem="The file is cut short: 1.0 GiB of 4.8 GiB are there.",
    ),
]


class Reciter(Provider):
    """Knows one answer."""

    facts = ModelFacts(
        architecture="llama",
        context_length=2048,
        trained_context=2048,
        parallel=1,
        vocabulary_size=4096,
        quantization="F16",
    )

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        yield Prefill(24, 24, 0)
        yield TextDelta(ANSWER, 160)
        yield Finished("stop", Usage(24, 0, 160), Timings(0.08, 1.3))

    async def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        return list(text.encode())

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return bytes(tokens).decode(errors="replace")

    async def close(self) -> None:
        pass


async def open_reciter(
    model: str, settings: EngineSettings, *, progress: Callable[[float], None]
) -> Provider:
    return Reciter()


async def until(pilot: Pilot[None], happens: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not happens():
            await pilot.pause(0.01)
    await pilot.pause()


async def home(app: WorkbenchApp, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: app.screen.query_one(ChoiceList).option_count)


async def chat(app: WorkbenchApp, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(app.session.state, Ready))
    app.chat.prompt.write(QUESTION)
    await pilot.press("enter")
    await until(pilot, lambda: app.chat.last_answer and not app.chat.answering)


async def picker(app: WorkbenchApp, pilot: Pilot[None]) -> None:
    await chat(app, pilot)
    await pilot.press("ctrl+o")
    await until(pilot, lambda: isinstance(app.screen, ModelPicker))
    await until(pilot, lambda: app.screen.query_one(ChoiceList).option_count)


async def draw(
    name: str, steps: Callable[[WorkbenchApp, Pilot[None]], Awaitable[None]], model: Description | None
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        surroundings = Surroundings(
            machine=lambda: MACHINE,
            models=lambda: MODELS,
            open_model=open_reciter,
            history=lambda: History(Path(folder) / "history.sqlite3"),
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            clock=lambda: 0.0,
        )
        app = WorkbenchApp(surroundings, model=model)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause()
            await steps(app, pilot)
            for field in (*app.screen.query(Prompt), *app.screen.query(Input)):
                field.cursor_blink = False
            await pilot.pause()
            app.save_screenshot(f"{name}.svg", str(FOLDER))


async def main() -> None:
    await draw("home", home, None)
    await draw("chat", chat, GUIDE)
    await draw("picker", picker, GUIDE)


if __name__ == "__main__":
    asyncio.run(main())
