"""Measure answers with drafts against answers without, in turns within one engine, on the same prompts.

    python -m tests.benchmarks.speculation
    python -m tests.benchmarks.speculation --model large.gguf --draft small.gguf

Without a model it is the bundled one, and the same again sixteen times as deep: the further layers add
nothing, so it says the same and takes as long as a larger model. What drafts is the text before, the bundled
model without two of its layers, and one of random weights, which is never right.

Two kinds of greedy answers: to questions that the bundled model knows, and long continuations of a text that
repeats itself. Speed is in tokens for a second of the processor, over all threads; more than 1x is faster
with drafts. The engine decides by itself how much it drafts, as it does when serving; --forced also drafts
wherever there is room, whatever was measured. Answers that differ are counted: where two tokens are as good
as equal, rounding decides, and rows that share a step are rounded otherwise than one.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import workbench_guide
from tests.llama_cpp import guide_drafts
from workbench.backend import RequestEnded, TokenDrawn, TokenRequest
from workbench.engine_settings import DRAFT_ROWS, EngineSettings, Speculation
from workbench.sampling import SamplingSettings
from workbench_llama_cpp.engine import LlamaCppEngine, open_engine
from workbench_llama_cpp.speculation import Ambition

TOPICS = Path(__file__).parents[2] / "assets" / "guide_training" / "topics"
GREEDY = SamplingSettings(temperature=0)
DEEP_LAYERS = 96


@dataclass
class Total:
    """What a kind of answers took so far."""

    seconds: float = 0.0
    tokens: int = 0
    drafted: int = 0
    accepted: int = 0


def answered(
    engine: LlamaCppEngine,
    prompt: tuple[int, ...],
    most: int,
    kind: Speculation | None,
    total: Total,
    ends: bool,
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
    """The numbers of a line of the table."""
    plain, drafted, different = Total(), Total(), 0
    for prompt in prompts(engine, kind, count):
        ends = kind == "questions"
        expected = answered(engine, prompt, most, "off", plain, ends)
        different += answered(engine, prompt, most, None, drafted, ends) != expected
    speed = (drafted.tokens / drafted.seconds) / (plain.tokens / plain.seconds)
    share = drafted.accepted / drafted.drafted if drafted.drafted else 0.0
    return f"{count} | {different} | {drafted.drafted} | {share:.0%} | {speed:.2f}x"


def forced(self: Ambition, available: list[int], *rest: object) -> list[int]:
    return [min(count, DRAFT_ROWS // len(available)) for count in available]


def lines(model: Path, draft: Path | None, arguments: argparse.Namespace) -> Iterator[str]:
    """What a draft model does for a model, or its text where there is none, for each kind of answers."""
    drafting = {"draft": str(draft)} if draft else {"speculation": "ngram"}
    settings = EngineSettings(context_length=2048, **drafting)  # type: ignore[arg-type]
    decides = Ambition.shares
    ways = {"by itself": decides, "forced": forced} if arguments.forced else {"by itself": decides}
    for kind in ("questions", "repeating"):
        for name, shares in ways.items():
            Ambition.shares = shares  # type: ignore[method-assign,assignment]
            engine = open_engine(str(model), settings, lambda share: True)
            numbers = measure(engine, kind, arguments.prompts, arguments.tokens)
            engine.close()
            yield f"| {model.stem} | {draft.stem if draft else 'ngram'} | {kind} | {name} | {numbers} |"
    Ambition.shares = decides  # type: ignore[method-assign]


def pairs(folder: Path) -> Iterator[tuple[Path, Path | None]]:
    """The bundled model and a deep one, each with what drafts for it."""
    drafts = [
        None,
        guide_drafts.cut(folder / "cut.gguf", left_out=(3, 4)),
        guide_drafts.random(folder / "random.gguf"),
    ]
    deep = guide_drafts.deep(folder / "deep.gguf", DEEP_LAYERS)
    for model in (Path(workbench_guide.PATH), deep):
        for draft in drafts:
            yield model, draft


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="Measure drafts from the text before and by a draft model.")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--draft", type=Path)
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--forced", action="store_true", help="Draft wherever there is room, too.")
    arguments = parser.parse_args()
    print("| model | drafted by | answers | drafts | prompts | different | drafted | accepted | speed |")
    print("|---|---|---|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        given = arguments.model or Path(workbench_guide.PATH)
        chosen = [(given, None), (given, arguments.draft)] if arguments.draft else [(given, None)]
        for model, draft in chosen if arguments.model or arguments.draft else pairs(Path(folder)):
            for line in lines(model, draft, arguments):
                print(line, flush=True)


if __name__ == "__main__":
    main()
