"""What stands above a conversation: which model answers, where it runs, and what it can hold."""

from __future__ import annotations

from typing import assert_never

from textual.content import Content
from textual.widgets import Static

from workbench.backend import ModelFacts
from workbench.tui.session import Failed, Loading, Lost, ModelState, NoModel, Ready

QUIET = "$foreground 60%"
_SERVED = "It answers in the server that runs, and is not loaded here."


class Intro(Static):
    """Two or three quiet lines that follow the state of the model."""

    def show(self, state: ModelState) -> None:
        self.update(Content("\n").join(_lines(state)))


def _lines(state: ModelState) -> list[Content]:
    match state:
        case NoModel():
            return _heading("No model is loaded.", "Ask something and choose one then, or press ctrl+o now.")
        case Failed(model):
            return _heading(f"{model.name} did not load.", "Press ctrl+o to choose another model.")
        case Loading(model):
            return _heading(model.name, "It is being loaded. You can type your question already.")
        case Lost(model, error):
            return _heading(model.name, f"{error.message} {error.remedy}")
        case Ready(model, provider) as ready:
            where = [Content.styled(_SERVED, QUIET)] if ready.is_served else []
            notices = [Content.styled(notice, "$text-warning") for notice in provider.facts.notices]
            return [*_heading(model.name, _facts(provider.facts)), *where, *notices]
        case _:
            assert_never(state)


def _heading(title: str, words: str) -> list[Content]:
    return [Content.styled(title, "bold"), Content.styled(words, QUIET)]


def _facts(facts: ModelFacts) -> str:
    """Architecture, quantization, context and placement, as far as they are known."""
    context = f"{facts.context_length:,} tokens of context" if facts.context_length else ""
    parts = (facts.architecture, facts.quantization, context, f"on {facts.placement}")
    return "  ·  ".join(part for part in parts if part)
