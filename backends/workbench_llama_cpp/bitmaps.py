"""The pixels of images and the samples of sounds, out of files from anyone.

Sizes are looked at before anything is unpacked. Knows nothing of models.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from workbench.conversation import Medium
from workbench.errors import InvalidRequest

MOST_PIXELS = 64_000_000
"""Of all images of one request together."""

MOST_SECONDS = 1800
"""Of all sounds of one request together."""

_MOST_STRETCHED = 200
"""How many times longer than wide an image may be."""

_SHORTEST_SECONDS = 0.1
"""Shorter sounds go on in silence, since spectra need something to begin with."""

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
_BLOCK = 1 << 16

Pixels = NDArray[np.uint8]
Samples = NDArray[np.float32]


def invalid(medium: Medium, message: str, remedy: str) -> InvalidRequest:
    """The error of a file that is no image or sound, or not one to be used; `param` names it."""
    error = InvalidRequest(f"{medium.source or f'The {medium.kind}'} {message}", remedy)
    error.param = medium.source or None
    return error


def pixels(medium: Medium, most: int) -> Pixels:
    """Red, green and blue, shape (height, width, 3). Raises InvalidRequest, also for more than `most`."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image: Image.Image = Image.open(io.BytesIO(medium.data), formats=_FORMATS)
            if image.width * image.height > most:
                raise invalid(
                    medium,
                    f"has {image.width} x {image.height} pixels; all images of a request may have "
                    f"{MOST_PIXELS:,} together.",
                    "Send a smaller one.",
                )
            if max(image.size) > _MOST_STRETCHED * min(image.size):
                raise invalid(
                    medium, f"is more than {_MOST_STRETCHED} times longer than wide.", "Send a part of it."
                )
            image = ImageOps.exif_transpose(image)
            if image.mode.startswith("I;16"):
                image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
            return np.ascontiguousarray(image.convert("RGB"), np.uint8)
    except UnidentifiedImageError:
        known = ", ".join(_FORMATS[:-1])
        raise invalid(medium, "is no image that can be read.", f"Send one as {known} or BMP.") from None
    except InvalidRequest:
        raise
    except Exception as error:  # decoders raise what they like about files that are broken
        raise invalid(medium, f"is a broken image: {error}.", "Send it whole.") from error


def samples(medium: Medium, rate: int, most: int) -> Samples:
    """One channel at `rate` samples a second, each from -1 to 1. Raises InvalidRequest, as `pixels` does."""
    blocks, count = list[Samples](), 0
    for block in _blocks(medium, rate):
        count += len(block)
        if count > most:
            raise invalid(
                medium,
                f"is too long: all sounds of a request may last {MOST_SECONDS // 60} minutes together.",
                "Send a shorter one.",
            )
        blocks.append(block)
    if not count:
        raise invalid(medium, "has no sound in it.", "Send it whole.")
    silence = max(0, int(_SHORTEST_SECONDS * rate) - count)
    return np.concatenate([*blocks, np.zeros(silence, np.float32)])


def _blocks(medium: Medium, rate: int) -> Iterator[Samples]:
    import miniaudio  # type: ignore[import-untyped]

    if not _is_sound(medium.data):
        raise invalid(medium, "is no sound that can be read.", "Send one as WAV or MP3.")
    wanted = miniaudio.SampleFormat.FLOAT32
    try:
        for block in miniaudio.stream_memory(medium.data, wanted, 1, rate, _BLOCK):
            yield np.array(block, np.float32)
    except miniaudio.MiniaudioError as error:
        raise invalid(medium, f"is a broken sound: {error}.", "Send it whole.") from error


def _is_sound(data: bytes) -> bool:
    wav = data[:4] == b"RIFF" and data[8:12] == b"WAVE"
    mp3 = data[:3] == b"ID3" or (len(data) > 2 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0)
    return wav or mp3 or data[:4] == b"fLaC"
