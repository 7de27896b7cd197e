"""`workbench sample`: how the sampling settings move the probabilities of the next token, one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from workbench import wording
from workbench.cli import output, prompt
from workbench.cli.conversing_options import template_option, thinking_options
from workbench.cli.loading import opened
from workbench.cli.options import drawing_options, json_option, loading_options
from workbench.cli.sections import SectionedCommand
from workbench.conversation import Conversation, Message
from workbench.engine_settings import EngineSettings
from workbench.generation import Generation, Thinking
from workbench.models import LocalModel, locate
from workbench.models.runnable import runnable
from workbench.picture.bars import bar
from workbench.sampler_trace import SamplerTrace, label
from workbench.sampling import SamplingSettings

_BAR_CELLS = 16
EPILOG = """\\b
Examples:
  workbench sample guide "What is a token?" --temperature 1.5 --min-p 0.1
  workbench sample guide "What is a token?" --answer "A token is"
  workbench sample MODEL.gguf --raw "Once upon a" --top-k 0 --xtc-probability 0.5 --json
"""


@click.command(cls=SectionedCommand, epilog=EPILOG)
@click.argument("model")
@click.argument("prompt_text", metavar="[PROMPT]", required=False)
@click.option("--system", help="What the model is told before the prompt.")
@click.option("--answer", "begun", default="", help="Look at what follows this beginning of the answer.")
@click.option("--raw", is_flag=True, help="Continue the prompt as plain text, without the chat template.")
@click.option("--top", type=click.IntRange(1, 100), default=10, show_default=True, help="Tokens to show.")
@click.option(
    "--draws",
    type=click.IntRange(0, 100_000),
    default=1000,
    show_default=True,
    help="Draw so often, and count.",
)
@json_option
@drawing_options
@thinking_options
@template_option
@loading_options
def sample(
    *,
    model: str,
    prompt_text: str | None,
    system: str | None,
    begun: str,
    raw: bool,
    top: int,
    draws: int,
    as_json: bool,
    sampling: SamplingSettings,
    thinking: Thinking,
    chat_template: str | None,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Show what comes next after PROMPT, and what each sampling setting makes of it.

    The samplers are the engine's own, in the order in which it draws. Each column is what one of them leaves;
    the last is how often each token was drawn.
    """
    if raw and system:
        raise click.UsageError("--raw continues plain text, which has no place for --system.")
    found, text = runnable(locate(model)), prompt.assembled(prompt_text)
    turns = [Message("system", system)] if system else []
    turns += [Message("user", text), *([Message("assistant", begun)] if begun else [])]
    asked = Generation(
        prompt=text + begun if raw else Conversation(tuple(turns)),
        sampling=sampling,
        thinking=thinking,
        continues=bool(begun) and not raw,
    )

    async def traced() -> SamplerTrace:
        async with opened(found, settings, backend, chat_template) as provider:
            return await provider.trace(asked, top=top, draws=draws)

    trace = asyncio.run(traced())
    if as_json:
        output.document(_document(found, trace, sampling))
    else:
        _show(trace, sampling)


def _show(trace: SamplerTrace, sampling: SamplingSettings) -> None:
    headings = [label(step, sampling) for step in trace.steps]
    rows = list(_rows(trace))
    left = ["tokens left", *(f"{step.remaining:,}" for step in trace.steps), "", ""]
    output.table(
        ("token", *headings, "in the end", f"drawn of {trace.draws:,}"),
        [*rows, left],
        right=(*range(1, len(headings) + 1), len(headings) + 2),
    )


def _rows(trace: SamplerTrace) -> Iterator[list[str]]:
    for place, one in enumerate(trace.tokens):
        shares = [step.probabilities[place] for step in trace.steps]
        drawn = f"{one.drawn / trace.draws:.1%}" if trace.draws else ""
        yield [
            wording.piece(one.piece),
            *map(wording.probability, shares),
            bar(shares[-1], _BAR_CELLS),
            drawn,
        ]


def _document(model: LocalModel, trace: SamplerTrace, sampling: SamplingSettings) -> dict[str, Any]:
    """Probabilities are in the order of the steps."""
    return {
        "model": model.name,
        "prompt_tokens": trace.prompt_tokens,
        "sampling": asdict(sampling),
        "steps": [
            {"sampler": step.sampler, "label": label(step, sampling), "remaining": step.remaining}
            for step in trace.steps
        ],
        "tokens": [
            {
                "token": one.token,
                "text": one.piece.decode(errors="replace"),
                "bytes": list(one.piece),
                "probabilities": [step.probabilities[place] for step in trace.steps],
                "drawn": one.drawn,
            }
            for place, one in enumerate(trace.tokens)
        ],
        "draws": trace.draws,
        "basis": "measured",
    }
