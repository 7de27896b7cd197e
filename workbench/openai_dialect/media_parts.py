"""Images and sounds in requests of any dialect, as the values they mean.

They come with the request. Nothing is fetched from anywhere, and no path is opened. Knows nothing of what is
in them.
"""

from __future__ import annotations

import base64
import binascii
from typing import Literal

from msgspec import Struct

from workbench.conversation import MOST_MEDIUM_BYTES, Medium
from workbench.openai_dialect.parameter_errors import InvalidParameter, UnsupportedParameter

_BASE64_OF_MOST = (MOST_MEDIUM_BYTES + 2) // 3 * 4


class ImageUrl(Struct, kw_only=True, omit_defaults=True):
    """An image as a data: URL. How closely a model looks is its own; `detail` changes nothing."""

    url: str
    detail: Literal["auto", "low", "high", "original"] | None = None


class InputAudio(Struct, kw_only=True, omit_defaults=True):
    """A sound as base64."""

    data: str
    format: Literal["wav", "mp3"]


def image_at(url: str, param: str) -> Medium:
    """The image that a data: URL holds. Raises InvalidParameter and UnsupportedParameter."""
    head, comma, data = url.partition(",")
    kind = head.lower()
    if kind.startswith(("http:", "https:")):
        raise UnsupportedParameter(
            f"{param} is an address on the network, and none is fetched.",
            "Send the image itself as a data: URL in base64.",
            param,
        )
    if not (comma and kind.startswith("data:image/") and kind.endswith(";base64")):
        raise InvalidParameter(
            f"{param} is no data: URL of an image.", "Send data:image/png;base64,... or the like.", param
        )
    return medium_of("image", data, param)


def sound_of(sound: InputAudio, param: str) -> Medium:
    return medium_of("audio", sound.data, f"{param}.data")


def medium_of(kind: Literal["image", "audio"], data: str, param: str) -> Medium:
    """The medium that is written in base64. Raises InvalidParameter, also where it is too large."""
    if len(data) > _BASE64_OF_MOST + len(data) // 32:  # there may be ends of lines in it
        raise InvalidParameter(
            f"{param} is larger than {MOST_MEDIUM_BYTES} bytes.", "Send a smaller file.", param
        )
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidParameter(f"{param} is not valid base64.", "Encode the file's bytes.", param) from None
    return Medium(kind=kind, data=content, source=param)
