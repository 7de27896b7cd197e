"""The line at the top: the name, the places, how the downloads go, and the model."""

from __future__ import annotations

from typing import assert_never

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from workbench.tui.downloads import Downloads, Entries
from workbench.tui.session import Failed, Loading, Lost, ModelState, NoModel, Ready, Session
from workbench.tui.widgets.download_sign import sign

PLACES = {"home": "Home", "chat": "Chat", "hub": "Hub", "downloads": "Downloads"}


class TopBar(Horizontal):
    """Says where one is, how far the downloads are and which model is loaded. Places are links."""

    def __init__(self, here: str, session: Session, downloads: Downloads) -> None:
        super().__init__()
        self._here = here
        self._session = session
        self._downloads = downloads
        self._sign = Static(id="sign", markup=False)
        self._model = Static(id="model", markup=False)

    def compose(self) -> ComposeResult:
        yield Static("Workbench", id="brand", markup=False)
        for name, label in PLACES.items():
            link = Content.from_markup(f"[@click=app.switch_mode('{name}')]{label}[/]")
            yield Static(link, classes="place -here" if name == self._here else "place")
        yield self._sign
        yield self._model

    def on_mount(self) -> None:
        self._session.subscribe(self._show_model)
        self._downloads.subscribe(self._show_downloads)

    def on_unmount(self) -> None:
        self._session.unsubscribe(self._show_model)
        self._downloads.unsubscribe(self._show_downloads)

    def _show_model(self, state: ModelState) -> None:
        self._model.update(_words(state))

    def _show_downloads(self, entries: Entries) -> None:
        self._sign.update(sign(entries))


def _words(state: ModelState) -> Content:
    match state:
        case NoModel():
            return Content.styled("no model loaded", "$foreground 60%")
        case Loading(model, share):
            return Content.assemble(("◌ ", "$warning"), model.name, (f" {share:.0%}", "$foreground 60%"))
        case Ready(model) as ready:
            where = " in the server" if ready.is_served else ""
            return Content.assemble(("● ", "$success"), model.name, (where, "$foreground 60%"))
        case Lost(model):
            return Content.assemble(("● ", "$warning"), model.name, (" went away", "$foreground 60%"))
        case Failed(model):
            return Content.assemble(("● ", "$error"), model.name, (" did not load", "$foreground 60%"))
        case _:
            assert_never(state)
