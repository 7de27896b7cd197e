"""Perplexity and KL divergence as `workbench quality` measures them, and as llama-perplexity does.

    WORKBENCH_LLAMA_CPP=FOLDER python -m tests.benchmarks.perplexity [--model MODEL.gguf] [--write]

FOLDER holds llama-perplexity and llama-quantize of the llama.cpp that is installed here. Each model is made
smaller by the latter; text, window and first token are the same for both. The table is printed, and with
--write kept beside this file.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import workbench_guide
from workbench.cli.quality_trial import Asked, measured
from workbench.engine_settings import EngineSettings
from workbench.models import locate
from workbench.quantization.quality.bundled import sample_text
from workbench.quantization.quality.comparing import Result

TABLE = Path(__file__).with_suffix(".md")
TYPES = ("Q8_0", "Q4_K_M", "Q3_K_S", "Q2_K")
CONTEXTS = (512, 256)
_BEGINS = ("--override-kv", "tokenizer.ggml.add_bos_token=bool:true")
_INTRODUCTION = """\
# Figures of quality, ours and llama-perplexity's

The same models, text and windows measured by `workbench quality` and by llama-perplexity of the same
llama.cpp (llama-cpp-python {version}), each with the base's expectations as it stores them itself. "With BOS"
is the same model told to begin each text with its first token. The difference is of our figure from theirs.

llama-perplexity is given `-b CONTEXT`, so that it computes one window in a pass, as we do. With several in
one its own figures change in the third digit where they are as small as those of Q8_0.

    WORKBENCH_LLAMA_CPP=FOLDER python -m tests.benchmarks.perplexity --write

"""
_PATTERNS = {
    "perplexity": r"Mean PPL\(Q\)\s*:\s*([\d.]+)",
    "KL mean": r"Mean\s+KLD:\s*([-\d.]+)",
    "KL p99": r"99\.0%\s+KLD:\s*([-\d.]+)",
    "KL max": r"Maximum KLD:\s*([-\d.]+)",
    "same top": r"Same top p:\s*([\d.]+)",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one model, by both."""

    model: str
    context: int
    figure: str
    ours: float
    theirs: float

    @property
    def difference(self) -> float:
        return self.ours / self.theirs - 1


def rows(folder: Path, base: Path, label: str, work: Path, options: Sequence[str] = ()) -> Iterator[Row]:
    """Every figure of the base in all types and windows. `options` are llama-quantize's."""
    text = work / "text.txt"
    text.write_text(sample_text().removesuffix("\n"), encoding="utf-8")
    files = {}
    for name in ("F16", *TYPES):
        files[name] = work / f"{label}-{name}.gguf".replace(" ", "-")
        _run(folder / "llama-quantize", *options, base, files[name], name)
    for context in CONTEXTS:
        ours = _ours([files[name] for name in ("F16", *TYPES)], context)
        stored = work / f"{label}-{context}.kld"
        measure = [
            folder / "llama-perplexity",
            "-c",
            context,
            "-b",
            context,
            "-f",
            text,
            "--kl-divergence-base",
            stored,
        ]
        _run(*measure, "-m", files["F16"])
        for name, result in zip(TYPES, ours[1:], strict=True):
            theirs = _theirs(*measure, "--kl-divergence", "-m", files[name])
            for figure, value in theirs.items():
                yield Row(f"{label} {name}", context, figure, _figure(result, figure), value)
        stored.unlink()


def _ours(files: Sequence[Path], context: int) -> list[Result]:
    settings = EngineSettings(context_length=context)
    asked = Asked(text=sample_text(), most_windows=None, prompts=(), settings=settings, backend=None)
    return measured([locate(str(file)) for file in files], asked)


def _figure(result: Result, figure: str) -> float:
    found = result.figures
    return {
        "perplexity": found.perplexity.value,
        "KL mean": found.kl_mean.value,
        "KL p99": found.kl_p99,
        "KL max": found.kl_max,
        "same top": 100 * found.top1_agreement.value,
    }[figure]


def _theirs(*command: object) -> dict[str, float]:
    """Asked again where it ended before it had written its last lines, as it does now and then."""
    for _ in range(10):
        said = _run(*command)
        found = {figure: re.search(pattern, said) for figure, pattern in _PATTERNS.items()}
        if all(found.values()):
            return {figure: float(match[1]) for figure, match in found.items() if match}
    raise RuntimeError(said)


def _run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def table(found: Sequence[Row]) -> str:
    lines = ["| Model | Context | Figure | workbench | llama-perplexity | Difference |"]
    lines.append("|---|---:|---|---:|---:|---:|")
    lines += [
        f"| {row.model} | {row.context} | {row.figure} | {row.ours:.6f} | {row.theirs:.6f} "
        f"| {row.difference:+.3%} |"
        for row in found
    ]
    largest = max(found, key=lambda row: abs(row.difference))
    return "\n".join(lines) + f"\n\nThe largest difference is {abs(largest.difference):.3%}.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, action="append", default=[])
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    folder = Path(os.environ["WORKBENCH_LLAMA_CPP"])
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as work:
        os.environ["WORKBENCH_HOME"] = work
        for model in (workbench_guide.PATH, *arguments.model):
            found += rows(folder, Path(model), Path(model).stem, Path(work))
        found += rows(folder, workbench_guide.PATH, "guide with BOS", Path(work), _BEGINS)
    text = _INTRODUCTION.format(version=version("llama-cpp-python")) + table(found)
    print(text)
    if arguments.write:
        TABLE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
