"""Finding models on the hub: results come while one types, page after page as one goes down.

Asks the hub off the event loop and shows what was typed last. What a repository holds is not known here.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from workbench import wording
from workbench.models.hub.search import SORTS, SearchPage, SearchResult, Sort
from workbench.tui.aside import aside
from workbench.tui.downloads import Downloads
from workbench.tui.failures import ReportsFailures, as_problem
from workbench.tui.screens.repository import RepositoryScreen
from workbench.tui.session import Session
from workbench.tui.surroundings import Surroundings
from workbench.tui.widgets.choice_list import Choice, ChoiceList, Chosen
from workbench.tui.widgets.columns import fitted
from workbench.tui.widgets.problem import Problem
from workbench.tui.widgets.sort_bar import SortBar
from workbench.tui.widgets.top_bar import TopBar

TYPING_SECONDS = 0.3
"""How long nothing is typed until the hub is asked."""
LICENCE_CELLS = 13
AHEAD = 3
"""So many results above the end the next page is fetched."""


class HubScreen(ReportsFailures, Screen[None]):
    """A line to type in, the order of the results, and the results."""

    CSS_PATH = "hub.tcss"
    AUTO_FOCUS = "Input"
    HELP = """
## The hub

Type words of a model's name. **up** and **down** go through the results, more of which come at their end;
**enter** shows what a repository holds. **ctrl+s** changes the order.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="hub.open", priority=True),
        Binding("ctrl+s", "next_sort", "Sort", id="hub.sort", tooltip="Order the results otherwise"),
        Binding("ctrl+r", "search_again", "Search again", id="hub.again"),
        Binding("escape", "app.switch_mode('home')", "Home", id="hub.home"),
        Binding("up", "mark('cursor_up')", "Up", id="hub.up", show=False),
        Binding("down", "mark('cursor_down')", "Down", id="hub.down", show=False),
        Binding("pageup", "mark('page_up')", "Page up", id="hub.page-up", show=False),
        Binding("pagedown", "mark('page_down')", "Page down", id="hub.page-down", show=False),
    ]

    def __init__(self, surroundings: Surroundings, session: Session, downloads: Downloads) -> None:
        super().__init__()
        self._surroundings = surroundings
        self._session = session
        self._downloads = downloads
        self._sort: Sort = SORTS[0]
        self._cursor = ""
        """Where the next page of the results begins; "" where there is none, or where it is being fetched."""
        self._answered: str | None = None
        """What was typed for the results that are shown."""

    def compose(self) -> ComposeResult:
        yield TopBar("hub", self._session, self._downloads)
        with Vertical(id="found", classes="panel") as panel:
            panel.border_title = "Models on the hub"
            yield Input(placeholder="Type a model's name, such as qwen 8b", compact=True)
            yield SortBar(SORTS, self._sort)
            yield ChoiceList[SearchResult]()
            yield Static(id="status", markup=False)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        self._results.can_focus = False
        self.search(0)

    @property
    def _results(self) -> ChoiceList[SearchResult]:
        return self.query_one(ChoiceList)

    @on(Input.Changed)
    def _wait_for_more_letters(self) -> None:
        self._cursor = ""
        self.search(TYPING_SECONDS)

    @work(exclusive=True, group="searching", exit_on_error=False)
    async def search(self, delay: float) -> None:
        """Show the first page for what is typed. A later search takes the place of this one."""
        await asyncio.sleep(delay)
        query, self._cursor = self.query_one(Input).value, ""
        self._say("Searching…")
        try:
            page = await aside(partial(self._surroundings.hub.search, query, sort=self._sort))
        except Exception as error:
            await self._show_problem(error)
        else:
            await self.query(Problem).remove()
            self._results.display = True
            self._show(query, page)

    @work(exclusive=True, group="searching", exit_on_error=False)
    async def search_on(self, cursor: str) -> None:
        """Add the next page below. A failure leaves what is there, and the next step down tries again."""
        query, self._cursor = self.query_one(Input).value, ""
        self._say("Fetching more…")
        try:
            page = await aside(partial(self._surroundings.hub.search, query, cursor=cursor))
        except Exception as error:
            self._cursor = cursor
            self._say_how_many()
            self.report(error)
        else:
            self._cursor = page.next
            self._results.extend([_choice(result) for result in page.results])
            self._say_how_many()

    def _show(self, query: str, page: SearchPage) -> None:
        self._cursor, self._answered = page.next, query
        self._results.offer([_choice(result) for result in page.results])
        if page.results:
            self._say_how_many()
        else:
            self._say(f"No model on the hub has {query.strip()!r} in its name. Try fewer or shorter words.")

    async def _show_problem(self, error: Exception) -> None:
        self._answered = None
        self._results.offer([])
        self._results.display = False
        self._say("Press ctrl+r to try again.")
        await self.query(Problem).remove()
        await self.query_one("#found").mount(Problem(as_problem(error)), before="#status")

    def _say_how_many(self) -> None:
        found = wording.count(self._results.option_count, "model")
        self._say(f"{found}, more below" if self._cursor else found)

    def _say(self, text: str) -> None:
        self.query_one("#status", Static).update(text)

    @on(ChoiceList.OptionHighlighted)
    def _go_on_near_the_end(self, event: ChoiceList.OptionHighlighted) -> None:
        if self._cursor and event.option_index >= self._results.option_count - AHEAD:
            self.search_on(self._cursor)

    @on(SortBar.Chosen)
    def _sort_by(self, event: SortBar.Chosen) -> None:
        self._sort = event.sort
        self.search(0)

    def action_open(self) -> None:
        """Open what is marked, unless it is the answer to what was typed before."""
        if self._answered == self.query_one(Input).value:
            self._results.action_select()
        else:
            self.search(0)

    @on(Chosen)
    def _open(self, event: Chosen[SearchResult]) -> None:
        screen = RepositoryScreen(event.value.id, self._surroundings, self._session, self._downloads)
        self.app.push_screen(screen)

    def action_next_sort(self) -> None:
        self.query_one(SortBar).choose_next()

    def action_search_again(self) -> None:
        self.search(0)

    def action_mark(self, movement: str) -> None:
        getattr(self._results, f"action_{movement}")()


def _choice(result: SearchResult) -> Choice[SearchResult]:
    return Choice(result, result.id, _details(result), mark="gated" if result.gated else "")


def _details(result: SearchResult) -> str:
    """What is told of each, in columns so that one can run down them; the size is that of the model."""
    columns = (
        f"{wording.short(result.parameters) if result.parameters else '':>6}",
        f"{wording.short(result.downloads):>7} downloads",
        f"{wording.short(result.likes):>6} likes",
        fitted(result.licence, LICENCE_CELLS),
        result.updated,
    )
    return "  ".join(columns).rstrip()
