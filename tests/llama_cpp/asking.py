"""Ask an engine one thing at a time, and what to ask the bundled model."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.contract.answers import GREEDY, Answer, run_all
from workbench.backend import TokenRequest
from workbench.engine_settings import Speculation
from workbench_llama_cpp.engine import LlamaCppEngine

TOPICS = Path(__file__).parents[2] / "assets" / "guide_training" / "topics"


def asked(
    engine: LlamaCppEngine, prompt: tuple[int, ...], kind: Speculation | None, **fields: object
) -> Answer:
    """The answer to a prompt of which nothing is known from before."""
    fields = {"sampling": GREEDY, "max_tokens": 60, "ignore_end": True, **fields}
    engine._slots.forget_idle()
    engine.enqueue(TokenRequest(id=1, prompt=prompt, speculation=kind, **fields))  # type: ignore[arg-type]
    return run_all(engine)[1]


def guide_questions() -> list[str]:
    topics = [tomllib.loads(path.read_text())["topic"] for path in sorted(TOPICS.glob("*.toml"))]
    return [topic["question"] for file in topics for topic in file]


def guide_prompt(engine: LlamaCppEngine, question: str) -> tuple[int, ...]:
    chat = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
    return tuple(engine.tokenize(chat, special=True))
