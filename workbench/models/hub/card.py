"""The model card: what its publisher writes about a model, as text that is safe to show.

Knows the hub; how the text is cleaned is in card_text.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from workbench.models.hub import questions
from workbench.models.hub.card_text import front_matter, readable
from workbench.models.hub.repository import Repository

_FILE = "README.md"
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A model card.

    Attributes:
        markdown: The text without front matter, comments, HTML and images; "" where there is no card.
        licence: As its front matter says, as the base models and languages.
        cut: Whether the card is longer than what was read of it.
    """

    markdown: str = ""
    licence: str = ""
    base_models: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    cut: bool = False


def card(repository: Repository) -> Card:
    """The card of the repository at its commit."""
    if all(file.path != _FILE for file in repository.files):
        return Card()
    answer = questions.get(
        f"/{repository.id}/resolve/{quote(repository.commit)}/{_FILE}",
        repository=repository.id,
        revision=repository.commit,
        most=_MOST_BYTES,
        whole=False,
    )
    return parse_card(answer.body)


def parse_card(content: bytes) -> Card:
    fields, body = front_matter(content.decode(errors="replace"))
    licences = fields.get("license_name") or fields.get("license") or ("",)
    return Card(
        markdown=readable(body),
        licence=licences[0],
        base_models=fields.get("base_model", ()),
        languages=fields.get("language", ()),
        cut=len(content) >= _MOST_BYTES,
    )
