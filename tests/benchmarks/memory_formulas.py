"""What formulas say that a GPU needs for ten models, set against llama.cpp's own dry run on a virtual card.

    python -m tests.benchmarks.memory_formulas [--write]

Headers alone, so it takes seconds. The table is printed, and with --write kept beside this file.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from tests.benchmarks.gguf_parser_formula import gguf_parser
from tests.benchmarks.peer_formulas import llmfit, nyxkrage, ollama
from tests.blueprints import header
from tests.blueprints.models import TEN
from workbench.engine_settings import EngineSettings
from workbench.gguf import Header
from workbench.memory import VirtualGpu
from workbench.planning.formula import Formula
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator

TABLE = Path(__file__).with_suffix(".md")
CONTEXTS = (8192, 32_768, 131_072)
CARD = VirtualGpu(name="A card that holds them all", memory_bytes=2**40, compute_capability=(9, 0))
_F16 = 2.0
_INTRODUCTION = """\
# Memory by formula and by dry run

What ten models take on a GPU that holds them whole: weights, F16 cache or state, and compute buffers, for one
request and micro-batches of 512 tokens. "Dry run" is llama.cpp's own allocator (llama-cpp-python {version})
on a virtual CUDA card, in GiB; every other column is the difference from it. "Formula" is this project's
closed one, which takes no more than a millisecond.

The others are written from what they are known to do, with the model's real shape put in: Ollama's prediction
before it loads, llmfit (with its knowledge of which families attend in few layers), NyxKrage's calculator and
gguf-parser-go 0.25. What a driver takes beside the model is in none of the columns, except that llmfit always
adds half a GiB for it and for buffers.

    python -m tests.benchmarks.memory_formulas --write

"""

Reckon = Callable[[Header, int], int | None]


@dataclass(frozen=True, slots=True)
class Row:
    """Bytes by the dry run, and what each formula says; None where it has no answer."""

    model: str
    context: int
    exact: int
    reckoned: tuple[int | None, ...]

    @property
    def errors(self) -> list[float | None]:
        return [None if found is None else found / self.exact - 1 for found in self.reckoned]


def ours(model: Header, context: int) -> int:
    return Formula(model).estimate(EngineSettings(context_length=context), (CARD,)).devices[0].total_bytes


FORMULAS: dict[str, Reckon] = {
    "Formula": ours,
    "Ollama": lambda model, context: ollama(model, context, _F16),
    "llmfit": lambda model, context: llmfit(model, context, _F16),
    "NyxKrage": lambda model, context: nyxkrage(model, context, _F16),
    "gguf-parser": lambda model, context: gguf_parser(model, context, _F16),
}


def rows() -> Iterator[Row]:
    """Ten models at three lengths."""
    with closing(LlamaCppEstimator()) as estimator:
        for name, blueprint in TEN.items():
            model = header(blueprint())
            for context in CONTEXTS:
                exact = estimator.estimate(model, EngineSettings(context_length=context), (CARD,)).devices[0]
                reckoned = tuple(formula(model, context) for formula in FORMULAS.values())
                yield Row(name, context, exact.total_bytes, reckoned)


def table(found: Sequence[Row]) -> str:
    """A line for each model and length, then the median and the largest error of each formula."""
    lines = [_line("Model", "Context", "Dry run", *FORMULAS), _line("---", *["---:"] * (2 + len(FORMULAS)))]
    for row in found:
        errors = (_percent(error) for error in row.errors)
        lines.append(_line(row.model, f"{row.context:,}", f"{row.exact / 2**30:.2f}", *errors))
    by_formula = [
        [abs(error) for error in errors if error is not None]
        for errors in zip(*(row.errors for row in found), strict=True)
    ]
    lines.append(_line("**median, either way**", "", "", *(f"{median(one):.1%}" for one in by_formula)))
    lines.append(_line("**largest, either way**", "", "", *(f"{max(one):.1%}" for one in by_formula)))
    return "\n".join(lines) + "\n"


def _percent(error: float | None) -> str:
    return "none" if error is None else f"{error:+z.1%}"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def document() -> str:
    """The whole file."""
    return _INTRODUCTION.format(version=version("llama-cpp-python")) + table(list(rows()))


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["WORKBENCH_HOME"] = home
        text = document()
    print(text)
    if "--write" in sys.argv[1:]:
        TABLE.write_text(text)


if __name__ == "__main__":
    main()
