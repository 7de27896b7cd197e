"""How a model converses: how it thinks before it answers, and another chat template than its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from workbench.cli.sections import SectionedOption
from workbench.errors import InvalidRequest
from workbench.generation import Thinking

Command = Callable[..., Any]
_MOST_BYTES = 1_000_000


def _option(*names: str, **attributes: Any) -> Callable[[Command], Command]:
    return click.option(*names, cls=SectionedOption, section="Conversing", **attributes)


_THINKING = (
    _option("--think/--no-think", "enabled", default=None, help="Whether it thinks before it answers."),
    _option("--effort", help="How much it thinks, where it knows degrees: low, medium, high."),
    _option("--thinking-budget", "budget", type=click.IntRange(min=0), help="Answer after so many tokens."),
)
_TEMPLATE = _option(
    "--chat-template",
    "template_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Use this Jinja template in place of the model's own.",
)


def thinking_options(command: Command) -> Command:
    """Gives the command `thinking`."""

    @wraps(command)
    def with_thinking(*, enabled: bool | None, effort: str | None, budget: int | None, **values: Any) -> Any:
        return command(thinking=Thinking(enabled=enabled, effort=effort, budget=budget), **values)

    decorated: Command = with_thinking
    for option in reversed(_THINKING):
        decorated = option(decorated)
    return decorated


def template_option(command: Command) -> Command:
    """Gives the command `chat_template`, a text or None."""

    @wraps(command)
    def with_template(*, template_file: Path | None, **values: Any) -> Any:
        return command(chat_template=None if template_file is None else _read(template_file), **values)

    return _TEMPLATE(with_template)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(_MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            f"The chat template {file} cannot be read: {error}.", "Give a text file."
        ) from error
