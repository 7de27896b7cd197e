"""What formats of lines share: how an object becomes a line, and what few of them can express."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from workbench.conversation import Message
from workbench.datasets.export_format import Exported
from workbench.datasets.plain import Plain, content_parts, plain_row
from workbench.datasets.row import TURN_FIELDS, Rejection, Row, RowImage

_encode = msgspec.json.Encoder(enc_hook=str).encode
IMAGE_TAG = "<image>"


def line(value: Any) -> bytes:
    return _encode(value) + b"\n"


def refused(row: Row, trainer: str, *, weights: bool = True, images: bool = True) -> Rejection | None:
    """Why a trainer cannot have the row that learns neither weights of turns nor, it may be, images."""
    if weights and any(weight != 1 for weight in row.weights):
        return Rejection("format", f"{trainer} cannot leave single answers unlearned.")
    if images and row.images:
        return Rejection("format", f"{trainer} is given no images in this format.")
    return None


def parted(row: Row, part: Callable[[str], Plain], *, arguments_as_text: bool = False) -> Plain:
    """The row with every content a list of parts, `part` making that of an image out of its source."""
    told = plain_row(row, arguments_as_text=arguments_as_text)
    index = 0
    for name in TURN_FIELDS:
        messages: tuple[Message, ...] = getattr(row, name)
        for place, message in enumerate(messages):
            images = [image for image in in_order(row.images) if image.message == index]
            told[name][place]["content"] = content_parts(message.content, images, part)
            index += 1
    return told


def in_order(images: Sequence[RowImage]) -> list[RowImage]:
    """The images as they stand in the text, one after the other."""
    return sorted(images, key=lambda one: (one.message, one.at))


def tagged(message: Message, index: int, images: Sequence[RowImage]) -> str:
    """The message's text with a tag where each of its images stands."""
    text, shift = message.content, 0
    for image in (one for one in in_order(images) if one.message == index):
        at = image.at + shift
        text, shift = text[:at] + IMAGE_TAG + text[at:], shift + len(IMAGE_TAG)
    return text


def file_of(exported: Exported, split: str) -> str:
    """The name of a split's file, or "" where there is none."""
    return exported.splits.get(split, ("", 0))[0]
