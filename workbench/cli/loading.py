"""Open a model for a command: progress while it loads, its notices once it is there.

Knows nothing of what the command does with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

from workbench.backend import Provider
from workbench.cli import output
from workbench.cli.terminal import StatusLine
from workbench.engine_settings import EngineSettings
from workbench.errors import Unsupported
from workbench.models import LocalModel, locate
from workbench.models.projectors import projector_named, with_projector
from workbench.runtime.attached_provider import attached
from workbench.tuning.opening import open_tuned

Progress = Callable[[float], None]


def with_paths(settings: EngineSettings) -> EngineSettings:
    """The settings with paths in place of the names of what is loaded beside the model.

    Raises ModelNotFound, and as projector_named.
    """
    draft, projector = settings.draft, settings.projector
    return replace(
        settings,
        draft=str(locate(draft).path) if draft else draft,
        projector=projector if projector is None else projector_named(projector),
    )


async def open_told(
    model: LocalModel,
    settings: EngineSettings,
    backend: str | None,
    chat_template: str | None = None,
    progress: Progress = lambda share: None,
    most: int | None = None,
    serving: bool = False,
    recorded: bool = True,
) -> Provider:
    """The opened model; what is worth knowing about the loading goes to standard error.

    `chat_template` stands in for its own. It may take `most` bytes in all, or what there is. `serving` is for
    loads that others may ask; see open_planned for what is `recorded`.
    """
    if chat_template is not None and model.address:
        raise Unsupported(
            "The server writes its prompts by a template of its own.", "Leave --chat-template out."
        )
    with _shown(model, progress) as told:
        provider = await open_tuned(
            model.location,
            with_paths(settings),
            backend=backend,
            most=most,
            progress=told,
            serving=serving,
            recorded=recorded,
        )
    for notice in provider.facts.notices:
        output.note(notice)
    if chat_template is not None:
        provider.facts = replace(provider.facts, chat_template=chat_template, tool_template=None)
    return provider


async def attached_or_opened(
    model: LocalModel,
    settings: EngineSettings,
    backend: str | None,
    chat_template: str | None = None,
    *,
    attach: bool,
    media: bool = False,
) -> Provider:
    """The model in a running server of this user, where one serves it; else as open_told.

    Who says how it is to be loaded gets it loaded so; with its projector where there are `media` for it.
    """
    as_usual = settings == EngineSettings() and not settings.given
    if attach and as_usual and backend is None and chat_template is None:
        with _shown(model) as progress:
            provider = await attached(model.path, progress)
        if provider is not None:
            output.note(f"Using {model.name} in the server that runs; --no-attach loads it here.")
            return provider
    settings = with_projector(settings, model) if media else settings
    return await open_told(model, settings, backend, chat_template)


@asynccontextmanager
async def opened(
    model: LocalModel,
    settings: EngineSettings,
    backend: str | None,
    chat_template: str | None = None,
    *,
    attach: bool = False,
    media: bool = False,
) -> AsyncIterator[Provider]:
    provider = await attached_or_opened(model, settings, backend, chat_template, attach=attach, media=media)
    try:
        yield provider
    finally:
        await provider.close()


@contextmanager
def _shown(model: LocalModel, progress: Progress = lambda share: None) -> Iterator[Progress]:
    """What shows the loaded share on the terminal, and tells it to `progress` as well."""
    status = StatusLine()

    def told(share: float) -> None:
        progress(share)
        status.show(f"loading {model.name}, {share:.0%}")

    try:
        yield told
    finally:
        status.clear()
