"""The images that rows name, as bytes: out of files beside the rows and out of data: URLs.

Nothing is fetched from anywhere, and no file outside the folders that are given is opened. Knows no form.
"""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import xxhash

from workbench.datasets.row import RowImage
from workbench.datasets.strict_json import Unreadable
from workbench.errors import WorkbenchError

SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp", "TIFF": ".tiff"}
"""The kinds of images that are read, by Pillow's names, and how their files end."""
_DATA = "data:"
_MOST_BYTES = 1 << 32
"""Of what was found sound before."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of what is still an image to learn from: bytes of the file, pixels of the whole, pixels of a side."""

    most_bytes: int
    most_pixels: int
    least_side: int


def is_address(source: str) -> bool:
    """Whether it lies on another machine."""
    return source.lower().startswith(("http://", "https://"))


def is_embedded(source: str) -> bool:
    """Whether the image itself is in it."""
    return source.startswith(_DATA)


def image_bytes(source: str, folders: Sequence[Path], most_bytes: int) -> bytes:
    """The image of a data: URL, or of a file as `image_file` finds it. Raises Unreadable, see there.

    So it does beyond `most_bytes`.
    """
    inside = is_embedded(source)
    data = _embedded(source, most_bytes) if inside else _file(image_file(source, folders), most_bytes)
    if len(data) > most_bytes:
        raise Unreadable("image-too-large", f"An image has more than {most_bytes:,} bytes.")
    return data


def image_file(source: str, folders: Sequence[Path]) -> Path:
    """The file of a path or a file: URL, in the first of the folders that holds it.

    Raises Unreadable where none does, and for a path that leads out of all of them.
    """
    named = unquote(urlsplit(source).path) if source.startswith("file://") else source
    try:
        homes = [folder.resolve() for folder in folders]
        paths = [(home / named).resolve() for home in homes]
        inside = [path for path in paths if any(path.is_relative_to(home) for home in homes)]
        found = next((path for path in inside if path.is_file()), None)
    except (OSError, ValueError) as error:
        raise Unreadable("image-missing", f"{source[:120]!r} is no path of an image.") from error
    if not inside:
        raise Unreadable("image-outside", f"The image {source[:120]!r} lies outside the folder of its rows.")
    if found is None:
        raise Unreadable("image-missing", f"There is no image {source[:120]!r}.")
    return found


def write_held(image: RowImage, folder: Path) -> None:
    """Copy what the image holds to where its source says, in that folder. Raises WorkbenchError, OSError."""
    target = folder / image.source
    if target.exists():
        return
    try:
        data = image_bytes(image.held, (Path(image.held).parent,), _MOST_BYTES)
    except Unreadable:
        data = b""
    if xxhash.xxh3_128_hexdigest(data) != target.stem:
        raise WorkbenchError(f"{image.held[:120]} has changed meanwhile.", "Give the same command again.")
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(data)


def checked_format(data: bytes, limits: Limits) -> str:
    """Decode it wholly and tell its kind, see SUFFIXES. Raises Unreadable."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is odd but can be read; sizes are looked at here
            with Image.open(io.BytesIO(data), formats=list(SUFFIXES)) as image:
                _check_size(image.width, image.height, limits)
                image.load()
                return str(image.format)
    except Unreadable:
        raise
    except Exception as error:  # decoders of strangers' files fail in many ways
        reason = str(error).split("<")[0].strip(" .") or type(error).__name__
        raise Unreadable("image-broken", f"An image cannot be read: {reason[:120]}.") from error


def embedded(data: bytes, kind: str) -> str:
    """A data: URL of an image of that kind, see SUFFIXES."""
    return f"{_DATA}image/{kind.lower()};base64,{base64.b64encode(data).decode()}"


def named_by_content(data: bytes, kind: str) -> str:
    """A file's name that other images do not have."""
    return xxhash.xxh3_128_hexdigest(data) + SUFFIXES[kind]


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.most_pixels:
        raise Unreadable("image-too-large", f"An image has {width} x {height} pixels.")
    if min(width, height) < limits.least_side:
        raise Unreadable("image-too-small", f"An image has {width} x {height} pixels.")


def _embedded(source: str, most_bytes: int) -> bytes:
    head, comma, body = source.partition(",")
    if not comma or not head.endswith(";base64"):
        raise Unreadable("image-broken", "An image is written as a data: URL that is not in base64.")
    if len(body) > most_bytes * 2:
        raise Unreadable("image-too-large", f"An image has more than {most_bytes:,} bytes.")
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("image-broken", f"The base64 of an image is broken: {error}.") from error


def _file(path: Path, most_bytes: int) -> bytes:
    """At most one byte more than that."""
    try:
        with open(path, "rb") as file:
            return file.read(most_bytes + 1)
    except OSError as error:
        raise Unreadable("image-missing", f"An image cannot be opened: {error.strerror}.") from error
