"""The bundled model in many types: size, perplexity, KL divergence and speed; and budgets against mixes.

    python -m tests.benchmarks.quant_lab [--write]

The text that judges is made of questions that were kept out of the model's training, their answers, and
stories. The one that budgets are calibrated with is made of other questions and stories. The table is
printed, and with --write kept beside this file.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import workbench_guide
from workbench import registry
from workbench.benchmark import Workload, measure
from workbench.engine_settings import EngineSettings
from workbench.ports import Quantizer
from workbench.quantization.budget.allocation import Allocation, allocated
from workbench.quantization.budget.sensitivity import measured_costs
from workbench.quantization.budget.workshop import Workshop
from workbench.quantization.quality.base_model import Base, opened_base
from workbench.quantization.quality.comparing import Result, compared
from workbench.quantization.quality.trial import Subject, Trial
from workbench.quantize_request import QuantizeRequest
from workbench.runtime import open_model

TABLE = Path(__file__).with_suffix(".md")
TYPES = ("Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q5_0", "Q4_K_M", "Q4_K_S", "Q4_0", "IQ4_NL", "IQ4_XS", "Q3_K_L",
         "Q3_K_M", "Q3_K_S", "IQ3_S", "Q2_K")  # fmt: skip
AGAINST = ("Q6_K", "Q5_K_M", "Q4_K_M", "IQ4_XS", "Q3_K_M", "Q3_K_S", "Q2_K")
WINDOW = 512
CALIBRATION_WINDOWS = 6
_SETTINGS = EngineSettings(context_length=WINDOW)
_SPEED = Workload(prompt=0, generate=128, repetitions=3)
_SOURCE = QuantizeRequest(source=str(workbench_guide.PATH), type="")
_INTRODUCTION = """\
# The quant lab on the bundled model

`guide` (F16, {size:,} bytes) in llama.cpp's types (llama-cpp-python {version}), judged by {tokens:,} tokens:
questions that neither its training nor the calibration of the budgets has seen, their answers, and stories
drawn anew. KL divergence is from F16, in nats. The tokens a second were written on 2 cores that had other
work as well.

    python -m tests.benchmarks.quant_lab --write

"""


@dataclass(frozen=True, slots=True)
class Row:
    """One file: by the name of its type, or as a budget of the size of one."""

    name: str
    size: int
    result: Result
    tokens_per_second: float
    allocation: Allocation | None = None


def texts() -> tuple[str, str]:
    """What calibrates, and what judges."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "assets" / "guide_training"))
    from corpus import load_corpus
    from outside import load_outside
    from plain_english import story
    from questions import load_outside_questions, load_paraphrases, load_topics

    corpus, topics = load_corpus(101), load_topics()
    turns = [corpus.turn() for _ in range(220)]
    answers = {topic.id: topic.answer for topic in topics}
    unknown = load_outside(topics).answer
    kept_out = [(text, answers[topic]) for topic, asked in load_paraphrases().items() for text in asked]
    kept_out += [(text, unknown) for text in load_outside_questions()]
    generator = random.Random(202)
    generator.shuffle(kept_out)

    def written(pairs: Sequence[tuple[str, str]], source: random.Random) -> Iterator[str]:
        for number, pair in enumerate(pairs):
            yield "\n".join(pair)
            if number % 6 == 0:
                yield story(source)

    calibrating = [(turn.question, turn.answer) for turn in turns]
    return "\n".join(written(calibrating, corpus.rng)), "\n".join(written(kept_out, generator))


async def speed(path: Path) -> float:
    provider = await open_model(str(path), EngineSettings(context_length=512), backend="llama-cpp")
    try:
        return (await measure(provider, _SPEED))[0].tokens_per_second
    finally:
        await provider.close()


def row(name: str, base: Base, workshop: Workshop, request: QuantizeRequest) -> Row:
    with workshop.file(request) as path:
        size, tokens_per_second = path.stat().st_size, asyncio.run(speed(path))
    return Row(name, size, compared(base, workshop.subject(name, request)), tokens_per_second)


def rows(workshop: Workshop, guide: Subject, folder: Path) -> Iterator[Row]:
    """The types from large to small, then the budgets."""
    calibration, judging = texts()

    def trial(text: str, most_windows: int | None, name: str) -> Trial:
        return Trial(
            load=workshop.load, text=text, window=WINDOW, most_windows=most_windows, prompts=(),
            folder=folder / name, told=lambda progress: None,
        )  # fmt: skip

    with opened_base(guide, trial(calibration, CALIBRATION_WINDOWS, "calibration")) as base:
        costs = measured_costs(base, workshop, _SOURCE)
    with opened_base(guide, trial(judging, None, "judging")) as base:
        whole = compared(base, guide)
        yield Row("F16", guide.path.stat().st_size, whole, asyncio.run(speed(guide.path)))
        stock = {}
        for name in TYPES:
            stock[name] = row(name, base, workshop, _request(name))
            yield stock[name]
        for name in AGAINST:
            found = allocated(workshop.quantizer.plan, _SOURCE, costs, stock[name].size)
            made = row(f"budget of {name}", base, workshop, found.request)
            yield Row(made.name, made.size, made.result, made.tokens_per_second, found)


def _request(name: str) -> QuantizeRequest:
    return QuantizeRequest(source=_SOURCE.source, type=name)


def table(found: Sequence[Row]) -> str:
    by_name = {one.name: one for one in found}
    types = [_line(one) for one in found if one.allocation is None]
    budgets = [
        _comparison(one, by_name[one.name.removeprefix("budget of ")]) for one in found if one.allocation
    ]
    return "\n".join(
        (
            "| Type | Bytes | Perplexity | KL mean | KL p99 | Same top | tokens/s |",
            "|---|---:|---:|---:|---:|---:|---:|",
            *types,
            "",
            "A budget is a type for each tensor, chosen to fit into the bytes of the mix beside it.",
            "Predicted is what the costs of its parts add up to, on the calibration text; by these costs no",
            "other choice of types comes to less than the bound.",
            "",
            "| Size of | Bytes | KL of the mix | KL of the budget | Ratio | Predicted | Bound | tokens/s |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
            *budgets,
            "",
        )
    )


def _line(one: Row) -> str:
    figures = one.result.figures
    cells = (
        one.name, f"{one.size:,}", f"{figures.perplexity.value:.4f}", f"{figures.kl_mean.value:.6f}",
        f"{figures.kl_p99:.4f}", f"{figures.top1_agreement.value:.2%}", f"{one.tokens_per_second:.0f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _comparison(one: Row, stock: Row) -> str:
    assert one.allocation is not None
    ours, theirs = one.result.figures.kl_mean, stock.result.figures.kl_mean
    cells = (
        stock.name, f"{one.size:,}", f"{theirs.value:.6f}", f"{ours.value:.6f} ± {ours.error:.6f}",
        f"{ours.value / theirs.value:.2f}", f"{one.allocation.predicted:.6f}", f"{one.allocation.bound:.6f}",
        f"{one.tokens_per_second:.0f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def document(quantizer: Quantizer, folder: Path) -> str:
    """The whole file."""
    scorer = registry.load("llama-cpp").scorer()
    assert scorer is not None
    guide = Subject("guide", Path(workbench_guide.PATH), "guide")
    workshop = Workshop(quantizer, guide, folder, lambda subject: scorer.open(str(subject.path), _SETTINGS))
    found = list(rows(workshop, guide, folder))
    return _INTRODUCTION.format(
        size=found[0].size, version=version("llama-cpp-python"), tokens=found[0].result.figures.tokens
    ) + table(found)


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["WORKBENCH_HOME"] = home
        quantizer = registry.load("llama-cpp").quantizer()
        assert quantizer is not None
        with closing(quantizer):
            text = document(quantizer, Path(home))
    print(text)
    if "--write" in sys.argv[1:]:
        TABLE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
