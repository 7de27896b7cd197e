"""`workbench run`: one prompt in, one answer out."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Literal

import click

from workbench.backend import Provider
from workbench.cli import output, prompt
from workbench.cli.answering import Answer, give
from workbench.cli.constraint_options import constraint_options
from workbench.cli.conversing_options import template_option, thinking_options
from workbench.cli.loading import opened
from workbench.cli.options import attach_option, json_option, loading_options, sampling_options
from workbench.cli.sections import SectionedCommand
from workbench.constraint import Constraint
from workbench.conversation import MOST_MEDIUM_BYTES, Conversation, Medium, Message, content_of
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.generation import Generation, Thinking
from workbench.models import LocalModel, model_named
from workbench.sampling import SamplingSettings

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
EPILOG = """\b
Examples:
  workbench run guide "What can you do?"
  git diff | workbench run MODEL.gguf "Summarise this change."
  workbench run MODEL.gguf - < question.txt
  workbench run MODEL.gguf --json-schema person.json "Who wrote Faust?"
  workbench run MODEL --image photo.jpg "What is in it?"
"""


@click.command(cls=SectionedCommand, epilog=EPILOG)
@click.argument("model")
@click.argument("prompt_text", metavar="[PROMPT]", required=False)
@click.option("--image", "images", multiple=True, type=_FILE, help="Ask about this image; repeatable.")
@click.option("--audio", "sounds", multiple=True, type=_FILE, help="Ask about this sound; repeatable.")
@click.option("--system", help="What the model is told before the prompt.")
@click.option("--raw", is_flag=True, help="Continue the prompt as plain text, without the chat template.")
@click.option("--verbose", is_flag=True, help="Say how fast it was even when nobody watches.")
@attach_option
@json_option
@sampling_options
@constraint_options
@thinking_options
@template_option
@loading_options
def run(
    *,
    model: str,
    prompt_text: str | None,
    images: tuple[Path, ...],
    sounds: tuple[Path, ...],
    system: str | None,
    raw: bool,
    verbose: bool,
    attach: bool,
    as_json: bool,
    sampling: SamplingSettings,
    max_tokens: int | None,
    stop: tuple[str, ...],
    constraint: Constraint | None,
    thinking: Thinking,
    chat_template: str | None,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Answer one PROMPT with MODEL.

    The answer goes to standard output as it comes. Text that is piped in follows the PROMPT, or is the prompt
    where PROMPT is - or left out.
    """
    if raw and system:
        raise click.UsageError("--raw continues plain text, which has no place for --system.")
    if raw and (images or sounds):
        raise click.UsageError("--raw continues plain text, which has no place for images and sounds.")
    media = [*(_medium("image", path) for path in images), *(_medium("audio", path) for path in sounds)]
    found = model_named(model)
    text = prompt.assembled(prompt_text)
    generation = Generation(
        prompt=text if raw else _conversation(system, text, media),
        sampling=sampling,
        max_tokens=max_tokens,
        stop=stop,
        constraint=constraint,
        thinking=thinking,
    )
    opening = opened(found, settings, backend, chat_template, attach=attach, media=bool(media))
    answer = asyncio.run(_answer(opening, generation, quiet=as_json))
    if as_json:
        output.document(_document(found, answer))
    _narrate(answer, speed=not as_json and (verbose or sys.stderr.isatty()))


def _conversation(system: str | None, text: str, media: Sequence[Medium]) -> Conversation:
    spoken = Conversation((Message("system", system),) if system else ())
    content, placed = content_of([*media, text])
    return spoken + Message("user", content, media=placed)


def _medium(kind: Literal["image", "audio"], path: Path) -> Medium:
    size = path.stat().st_size
    if size > MOST_MEDIUM_BYTES:
        raise InvalidRequest(
            f"{path} has {size:,} bytes, and at most {MOST_MEDIUM_BYTES:,} are read.", "Give a smaller file."
        )
    return Medium(kind=kind, data=path.read_bytes(), source=str(path))


async def _answer(
    opening: AbstractAsyncContextManager[Provider], generation: Generation, *, quiet: bool
) -> Answer:
    write, think = (_keep, _keep) if quiet else (output.write, output.aside)
    async with opening as provider:
        answer = Answer(provider.facts.context_length)
        await give(provider, generation, answer, write, think)
    if not quiet and not answer.text.endswith("\n"):
        output.line()
    return answer


def _keep(text: str) -> None:
    """It is in the answer that is printed at the end."""


def _narrate(answer: Answer, *, speed: bool) -> None:
    if answer.shortfall:
        output.note(answer.shortfall)
    for notice in answer.notices:
        output.note(notice)
    if speed:
        output.note(answer.speed)


def _document(model: LocalModel, answer: Answer) -> dict[str, object]:
    finished = answer.finished
    assert finished is not None
    return {
        "model": model.name,
        "text": answer.text,
        **({"reasoning": answer.reasoning} if answer.reasoning else {}),
        "finish_reason": finished.reason,
        "notices": list(finished.notices),
        "usage": {
            "prompt_tokens": finished.usage.prompt_tokens,
            "cached_tokens": finished.usage.cached_tokens,
            "completion_tokens": finished.usage.completion_tokens,
            "reasoning_tokens": finished.usage.reasoning_tokens,
            "drafted_tokens": finished.usage.drafted_tokens,
            "accepted_tokens": finished.usage.accepted_tokens,
        },
        "timings": {
            "time_to_first_token": finished.timings.time_to_first_token,
            "generation_seconds": finished.timings.generation_seconds,
            "tokens_per_second": finished.tokens_per_second,
        },
    }
