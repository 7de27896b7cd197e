"""Rows with all their texts rewritten, in whatever field they are; images keep their places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import msgspec

from workbench.conversation import Message
from workbench.datasets.row import TURN_FIELDS, Row, RowImage

Rewrite = Callable[[str], str]


def rewritten(row: Row, rewrite: Rewrite) -> Row:
    """The row itself where nothing changes. Texts are contents, reasoning, and arguments of calls."""
    changed: dict[str, object] = {}
    images: list[RowImage] = []
    index = 0
    for name in TURN_FIELDS:
        messages: tuple[Message, ...] = getattr(row, name)
        if messages:
            new = []
            for message in messages:
                told, placed = _message(message, [one for one in row.images if one.message == index], rewrite)
                new.append(told)
                images += placed
                index += 1
            if tuple(new) != messages:
                changed[name] = tuple(new)
    if row.text and (text := rewrite(row.text)) != row.text:
        changed["text"] = text
    if not changed:
        return row
    return msgspec.structs.replace(row, **changed, images=tuple(images))


def _message(message: Message, images: list[RowImage], rewrite: Rewrite) -> tuple[Message, list[RowImage]]:
    """Text between images is rewritten piece by piece."""
    places = [0, *(image.at for image in images), len(message.content)]
    pieces = [rewrite(message.content[start:end]) for start, end in pairwise(places)]
    at, placed = 0, []
    for image, piece in zip(images, pieces, strict=False):
        at += len(piece)
        placed.append(msgspec.structs.replace(image, at=at))
    calls = tuple(replace(call, arguments=rewrite(call.arguments)) for call in message.tool_calls)
    told = replace(message, content="".join(pieces), reasoning=rewrite(message.reasoning), tool_calls=calls)
    return told, placed
