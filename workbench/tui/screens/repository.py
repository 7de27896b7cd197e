"""One repository of the hub: what it is, what of it can be fetched, and its model card.

Asks the hub off the event loop; what is chosen goes to the download queue. Fetches nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Markdown, OptionList, Static

from workbench import repository_facts
from workbench.models.hub.client import endpoint
from workbench.models.hub.repository import Repository
from workbench.models.hub.variants import Variant, variants
from workbench.models.transfer.pulling import PullRequest
from workbench.tui.aside import aside
from workbench.tui.downloads import Downloads
from workbench.tui.failures import ReportsFailures, as_problem
from workbench.tui.screens.link_question import LinkQuestion
from workbench.tui.session import Session
from workbench.tui.surroundings import Surroundings
from workbench.tui.widgets.choice_list import Chosen
from workbench.tui.widgets.model_card import CardText, ModelCard, bounded
from workbench.tui.widgets.problem import Problem
from workbench.tui.widgets.top_bar import TopBar
from workbench.tui.widgets.variant_table import Row, VariantTable

_IN_THE_TITLE = ("repository", "commit", "access")


@dataclass(frozen=True, slots=True)
class _Offer:
    """All that is shown of a repository beside its card."""

    repository: Repository
    facts: dict[str, str]
    variants: Sequence[Variant]
    headings: Row
    rows: Sequence[Row]
    notes: Sequence[str]


class RepositoryScreen(ReportsFailures, Screen[None]):
    """Facts above; variants and card side by side or one above the other, as there is room."""

    CSS_PATH = "repository.tcss"
    AUTO_FOCUS = "OptionList"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (150, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]  # noqa: RUF012
    HELP = """
## A repository

Each row is one model, with all its shards and its projector. **enter** puts it into the download queue.
**tab** goes to the model card and back. A link of the card is opened only after you have seen its address.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "fetch", "Download", id="repository.fetch", priority=True),
        Binding("tab", "app.focus_next", "Other pane", id="repository.other-pane"),
        Binding("d", "app.switch_mode('downloads')", "Downloads", id="repository.downloads"),
        Binding("r", "look", "Look again", id="repository.again"),
        Binding("escape", "app.pop_screen", "Back", id="repository.back"),
        Binding("question_mark", "app.toggle_help", "Help", id="repository.help", show=False),
        Binding("q", "app.quit", "Quit", id="repository.quit", show=False),
    ]

    def __init__(self, id_: str, surroundings: Surroundings, session: Session, downloads: Downloads) -> None:
        super().__init__()
        self._repository = id_
        self._surroundings = surroundings
        self._session = session
        self._downloads = downloads

    def compose(self) -> ComposeResult:
        yield TopBar("hub", self._session, self._downloads)
        yield Static(Content.styled(self._repository, "bold"), id="title")
        yield Static("Asking the hub…", id="facts", markup=False)
        with Container(id="parts"):
            with Vertical(id="offer", classes="panel") as offer:
                offer.border_title = "What can be fetched"
                yield VariantTable()
                yield Static(id="notes", markup=False)
            card = ModelCard(classes="panel")
            card.border_title = "Model card"
            yield card
        yield Footer(compact=True)

    def on_mount(self) -> None:
        self.action_look()

    def action_look(self) -> None:
        self.look()

    def action_fetch(self) -> None:
        self.query_one(VariantTable).query_one(OptionList).action_select()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "fetch" or isinstance(self.focused, OptionList)

    @work(exclusive=True, group="looking", exit_on_error=False)
    async def look(self) -> None:
        """Ask for the repository, then for its card."""
        parts = self.query_one("#parts")
        await self.query(Problem).remove()
        try:
            offer = await aside(self._ask)
        except Exception as error:
            parts.display = False
            self.query_one("#facts", Static).update("Press r to try again.")
            await self.mount(Problem(as_problem(error)), after="#facts")
            return
        parts.display = True
        self._show(offer)
        await self._show_card(offer.repository)

    def _ask(self) -> _Offer:
        found = self._surroundings.hub.repository(self._repository)
        offered = repository_facts.by_size(variants(found))
        headings, rows = repository_facts.table(offered, self._surroundings.machine())
        notes = repository_facts.notes(found, offered)
        if offered:
            notes.append(repository_facts.MEANING_OF_FITS)
        return _Offer(found, repository_facts.facts(found), offered, headings, rows, notes)

    def _show(self, offer: _Offer) -> None:
        title = Content.assemble(
            (offer.repository.id, "bold"), (f"  {offer.facts.get('access', '')}", "$text-warning")
        )
        self.query_one("#title", Static).update(title)
        facts = [
            Content.assemble((f"{name} ", "$foreground 60%"), value)
            for name, value in offer.facts.items()
            if name not in _IN_THE_TITLE
        ]
        self.query_one("#facts", Static).update(Content("  ·  ").join(facts))
        self.query_one(VariantTable).show(offer.variants, offer.headings, offer.rows)
        notes = self.query_one("#notes", Static)
        notes.update("\n".join(offer.notes))
        notes.display = bool(offer.notes)

    async def _show_card(self, repository: Repository) -> None:
        pane = self.query_one(ModelCard)
        pane.remark("Fetching the card…")
        try:
            card, page = await aside(partial(self._read_card, repository))
        except Exception as error:
            problem = as_problem(error)
            await pane.show("", f"{problem.message} {problem.remedy}".strip())
            return
        remark = "" if card.markdown else "It has no model card."
        await pane.show(card.markdown, f"The card goes on at {page}." if card.cut else remark)

    def _read_card(self, repository: Repository) -> tuple[CardText, str]:
        card = self._surroundings.hub.card(repository)
        text = bounded(card.markdown)
        return CardText(text.markdown, text.cut or card.cut), f"{endpoint()}/{repository.id}"

    @on(Chosen)
    def _put_into_the_queue(self, event: Chosen[Variant]) -> None:
        self.fetch(f"{self._repository}:{event.value.label}")

    @work(group="fetching", exit_on_error=False)
    async def fetch(self, name: str) -> None:
        await self._downloads.change(lambda queue: queue.add(PullRequest(name=name)))
        self.notify("d shows the downloads.", title=f"{name} is in the queue.", markup=False)

    @on(Markdown.LinkClicked)
    def _ask_about_link(self, event: Markdown.LinkClicked) -> None:
        """Somebody wrote the address, so only the web is opened, and only when it has been read."""
        event.stop()
        address = "".join(letter for letter in event.href if letter.isprintable())
        if not address.startswith(("https://", "http://")):
            self.notify(address, title="Not opened: no web address", markup=False)
            return

        def answered(open_it: bool | None) -> None:
            if open_it:
                self.app.open_url(address)

        self.app.push_screen(LinkQuestion(address), answered)
