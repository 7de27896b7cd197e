"""What the command palette offers now: only what would do something, named by what it would do it to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from workbench.tui.session import Loading, Ready

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp

PLACES = (
    ("home", "Home", "This machine and its models"),
    ("chat", "Chat", "Go to the conversation"),
    ("hub", "Hub", "Find models to download"),
    ("downloads", "Downloads", "What is being fetched, and what has arrived"),
    ("fit", "Does it fit", "What a model takes in memory, here or on other cards"),
    ("bench", "Benchmark", "How fast models read and write here"),
    ("sampling", "Sampling lab", "How the sampling settings move what comes next"),
)


def commands(app: WorkbenchApp) -> Iterator[SystemCommand]:
    """Commands for the present state of the app."""
    yield from _of_places(app)
    yield from _of_the_model(app)
    yield from _of_the_conversation(app)


def _of_places(app: WorkbenchApp) -> Iterator[SystemCommand]:
    for mode, title, help in PLACES:
        if app.current_mode != mode:
            yield SystemCommand(title, help, partial(app.switch_mode, mode))


def _of_the_model(app: WorkbenchApp) -> Iterator[SystemCommand]:
    if app.jobs.every:
        yield SystemCommand("Jobs", "What runs beside the screens, and what has ended", app.action_jobs)
    yield SystemCommand("Choose a model", "Load one of the models on this machine", app.action_choose_model)
    match app.session.state:
        case Ready(model) as ready if ready.is_served:
            yield SystemCommand(
                f"Load {model.name} here", "Leave the server that has it loaded", app.action_load_here
            )
        case Ready(model):
            yield SystemCommand(f"Unload {model.name}", "Give its memory back", app.action_unload)
        case Loading(model):
            yield SystemCommand(f"Stop loading {model.name}", "Load nothing", app.session.stop_loading)
        case _:
            pass


def _of_the_conversation(app: WorkbenchApp) -> Iterator[SystemCommand]:
    chat = app.chat
    yield SystemCommand("Earlier conversations", "Go on with one of them", app.action_earlier_conversations)
    if app.dialogue.conversation.messages:
        yield SystemCommand(
            "New conversation", "Keep this one and begin another", chat.action_new_conversation
        )
    if chat.answering:
        yield SystemCommand("Stop the answer", "Keep what was said so far", chat.action_stop)
    if chat.is_attached and chat.last_answer:
        yield SystemCommand("Copy the last answer", "As Markdown, to the clipboard", chat.action_copy_answer)
