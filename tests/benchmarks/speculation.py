"""Measure answers with drafts against answers without, in turns within one engine, on the same prompts.

    python tests/benchmarks/speculation.py                      # the bundled model
    python tests/benchmarks/speculation.py --model model.gguf

Two kinds of greedy answers: to questions that the bundled model knows, and long continuations of a text that
repeats itself. Times are the processor's, over all threads; more than 1x is faster with drafts. "Forced"
checks as many drafts as there is room for, whatever the engine measured; otherwise it decides by itself, as
it does when serving. Answers that differ are counted: where two tokens are as good as equal, as they often
are to models of random weights, rounding decides, and rows that share a step are rounded otherwise than one.
"""

from __future__ import annotations

import argparse
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import workbench_guide
from workbench.backend import RequestEnded, TokenDrawn, TokenRequest
from workbench.engine_settings import DRAFT_ROWS, EngineSettings, Speculation
from workbench.sampling import SamplingSettings
from workbench_llama_cpp.engine import LlamaCppEngine, open_engine
from workbench_llama_cpp.speculation import Ambition

TOPICS = Path(__file__).parents[2] / "assets" / "guide_training" / "topics"
GREEDY = SamplingSettings(temperature=0)


@dataclass
class Total:
    """What a kind of answers took so far."""

    seconds: float = 0.0
    tokens: int = 0
    drafted: int = 0
    accepted: int = 0


def answered(
    engine: LlamaCppEngine, prompt: tuple[int, ...], most: int, kind: Speculation, total: Total, ends: bool
) -> list[int]:
    """One answer; the prompt is computed before the clock starts."""
    request = TokenRequest(
        id=1, prompt=prompt, sampling=GREEDY, max_tokens=most, ignore_end=not ends, speculation=kind
    )
    engine.enqueue(request)
    tokens, started = list[int](), 0.0
    while engine.busy:
        for event in engine.step():
            if isinstance(event, TokenDrawn):
                started = started or time.process_time()
                tokens.append(event.token)
            elif isinstance(event, RequestEnded):
                total.drafted += event.usage.drafted_tokens
                total.accepted += event.usage.accepted_tokens
    total.seconds += time.process_time() - started
    total.tokens += len(tokens)
    return tokens


def questions() -> Iterator[str]:
    """Everything in the guide's lessons that ends with a question mark."""
    for path in sorted(TOPICS.glob("*.toml")):
        yield from _questions(tomllib.loads(path.read_text()))


def _questions(found: object) -> Iterator[str]:
    match found:
        case str() if found.endswith("?"):
            yield found
        case dict():
            for value in found.values():
                yield from _questions(value)
        case list():
            for value in found:
                yield from _questions(value)


def prompts(engine: LlamaCppEngine, kind: str, count: int) -> list[tuple[int, ...]]:
    asked = list(questions())
    texts = [f"{question} {number}" if number else question for number in range(9) for question in asked]
    if kind == "repeating":
        texts = [f"{text} " * 12 for text in texts]
    else:
        texts = [f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n" for text in texts]
    return [tuple(engine.tokenize(text, special=True)) for text in islice(texts, count)]


def measure(engine: LlamaCppEngine, kind: str, count: int, most: int) -> str:
    """A line of the table."""
    plain, drafted, different = Total(), Total(), 0
    for prompt in prompts(engine, kind, count):
        ends = kind == "questions"
        expected = answered(engine, prompt, most, "off", plain, ends)
        different += answered(engine, prompt, most, "ngram", drafted, ends) != expected
    speed = (drafted.tokens / drafted.seconds) / (plain.tokens / plain.seconds)
    share = drafted.accepted / drafted.drafted if drafted.drafted else 0.0
    return f"{count} | {different} | {drafted.drafted} | {share:.0%} | {speed:.2f}x"


def forced(self: Ambition, available: list[int], *rest: object) -> list[int]:
    return [min(count, DRAFT_ROWS // len(available)) for count in available]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="Measure speculation by prompt lookup.")
    parser.add_argument("--model", type=Path, default=Path(workbench_guide.PATH))
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=64)
    arguments = parser.parse_args()
    settings = EngineSettings(context_length=2048, speculation="ngram")
    engine = open_engine(str(arguments.model), settings, lambda share: True)
    decides = Ambition.shares
    print("| answers | drafts | prompts | different | drafted | accepted | tokens per CPU second |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for kind in ("questions", "repeating"):
        for name, shares in (("by itself", decides), ("forced", forced)):
            Ambition.shares = shares  # type: ignore[method-assign,assignment]
            print(
                f"| {kind} | {name} | {measure(engine, kind, arguments.prompts, arguments.tokens)} |",
                flush=True,
            )
    engine.close()


if __name__ == "__main__":
    main()
