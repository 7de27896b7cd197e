"""Images and sounds in a prompt: the marks that stand where they belong. Nobody can write one by guessing.

Knows nothing of templates.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from workbench.backend import Capability, ModelFacts
from workbench.conversation import Medium
from workbench.errors import InvalidRequest, Unsupported

_SECRET = secrets.token_hex(16)
MARKS = {"image": f"<__image_{_SECRET}__>", "audio": f"<__audio_{_SECRET}__>"}
"""By the kind of a medium."""

_SHOWN = "<__media__>"
_MARK = re.compile("(" + "|".join(MARKS.values()) + ")")
_SENSES: dict[str, tuple[Capability, str]] = {
    "image": ("vision", "This model sees no images."),
    "audio": ("audio", "This model hears no sounds."),
}


def check_media(facts: ModelFacts, media: Sequence[Medium]) -> None:
    """Raise Unsupported for a medium that the model cannot take, naming it."""
    for medium in media:
        capability, message = _SENSES[medium.kind]
        if capability not in facts.capabilities:
            error = Unsupported(message, "Use one that has a projector, or load it with --projector FILE.")
            error.param = medium.source or None
            raise error


def mixed(prompt: str, media: Sequence[Medium]) -> tuple[str | Medium, ...]:
    """The texts between the marks, and the media in the order in which their marks are.

    Raises InvalidRequest where there is not one mark for each.
    """
    left = {kind: [medium for medium in media if medium.kind == kind] for kind in MARKS}
    kinds = {mark: kind for kind, mark in MARKS.items()}
    parts: list[str | Medium] = []
    for piece in _MARK.split(prompt):
        if piece not in kinds:
            parts += [piece] if piece else []
        elif left[kinds[piece]]:
            parts.append(left[kinds[piece]].pop(0))
        else:
            raise not_shown()
    if any(left.values()):
        raise not_shown()
    return tuple(parts)


def shown(prompt: str) -> str:
    """The prompt as people may see it: its marks would no longer be secret."""
    return _MARK.sub(_SHOWN, prompt)


def not_shown() -> InvalidRequest:
    return InvalidRequest(
        "The model's chat template does not show each image and sound once.", "Give it another template."
    )
