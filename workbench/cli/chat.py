"""`workbench chat`: a conversation in the terminal, or over a pipe, one line a turn."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import click

from workbench.backend import Provider
from workbench.chat.history import History
from workbench.cli import output
from workbench.cli.chat_lines import chat_lines
from workbench.cli.chat_session import ChatSession
from workbench.cli.conversing_options import template_option, thinking_options
from workbench.cli.exit_codes import ExitCode
from workbench.cli.loading import attached_or_opened
from workbench.cli.options import attach_option, loading_options, sampling_options
from workbench.cli.sections import SectionedCommand
from workbench.conversation import Conversation
from workbench.engine_settings import EngineSettings
from workbench.errors import Unreachable, WorkbenchError
from workbench.generation import Generation, Thinking
from workbench.models import model_named
from workbench.sampling import SamplingSettings

Opened = Callable[[], Coroutine[Any, Any, Provider]]
COMMANDS = """\
/new    begin a new conversation
/help   show this
/exit   leave, as Ctrl+D does
Ctrl+C  stop the answer and keep what there is of it"""


@click.command(cls=SectionedCommand)
@click.argument("model")
@click.option("--system", help="What the model is told before the first turn.")
@click.option("--continue", "resumed", type=int, metavar="ID", help="Go on with this conversation.")
@attach_option
@sampling_options
@thinking_options
@template_option
@loading_options
def chat(
    *,
    model: str,
    system: str | None,
    resumed: int | None,
    attach: bool,
    sampling: SamplingSettings,
    max_tokens: int | None,
    stop: tuple[str, ...],
    thinking: Thinking,
    chat_template: str | None,
    settings: EngineSettings,
    backend: str | None,
) -> int:
    """Hold a conversation with MODEL.

    Each turn is kept in the history. Lines may also be piped in, one for each turn.
    """
    found = model_named(model)
    manner = Generation(
        prompt=Conversation(), sampling=sampling, max_tokens=max_tokens, stop=stop, thinking=thinking
    )
    with History() as history, asyncio.Runner() as runner:
        earlier = history.conversation(resumed) if resumed is not None else None
        opened = partial(attached_or_opened, found, settings, backend, chat_template, attach=attach)
        session = ChatSession(found.name, runner.run(opened()), history, manner, system)
        try:
            if earlier is not None and resumed is not None:
                session.resume(resumed, earlier)
            return _converse(session, runner, opened, f"workbench chat {shlex.quote(model)} --continue")
        finally:
            runner.run(session.provider.close())


def _converse(session: ChatSession, runner: asyncio.Runner, opened: Opened, resumption: str) -> int:
    attended = sys.stdin.isatty()
    if attended:
        context = session.context_length or "unknown"
        output.note(f"{session.model}, {context} context. /help lists the commands.")
    for line in chat_lines(session.questions):
        match line:
            case "":
                continue
            case "/exit":
                break
            case "/help":
                output.note(COMMANDS)
            case "/new":
                _farewell(session, resumption)
                session.begin_anew()
            case _:
                if not _turn(session, runner, opened, line, attended):
                    return ExitCode.CANCELLED
    _farewell(session, resumption)
    return ExitCode.OK


def _turn(session: ChatSession, runner: asyncio.Runner, opened: Opened, line: str, attended: bool) -> bool:
    """Whether to go on. Where nobody attends, an error or an interrupt ends the conversation."""
    try:
        answer = session.ask(runner, line)
    except WorkbenchError as error:
        if not attended:
            raise
        output.note(f"{error.message}\n{error.remedy}".rstrip())
        if isinstance(error, Unreachable):
            session.provider = runner.run(opened())
        return True
    if answer.shortfall:
        output.note(answer.shortfall)
    for notice in answer.notices:
        output.note(notice)
    output.note(answer.speed)
    return attended or answer.finished is not None


def _farewell(session: ChatSession, resumption: str) -> None:
    if session.id is not None:
        output.note(f"Conversation {session.id} is kept. `{resumption} {session.id}` goes on with it.")
