"""`images`: each image that a row names is opened and looked at, and goes with the dataset."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from workbench.datasets.findings import Findings
from workbench.datasets.images import (
    Limits,
    checked_format,
    embedded,
    image_bytes,
    image_file,
    is_address,
    is_embedded,
    named_by_content,
)
from workbench.datasets.operation import RowOperation, Surroundings
from workbench.datasets.row import Origin, Rejection, Row, RowImage
from workbench.datasets.strict_json import Unreadable
from workbench.errors import InvalidRequest


@dataclass
class Images(RowOperation):
    """Sets aside rows with an image that is missing, broken, or of more bytes or pixels than asked.

    Paths are those beside the file of the rows; what lies elsewhere is opened in `folders` alone. `store` is
    copy, into the dataset; keep, as they are written; or embed, into the rows. Addresses are not fetched:
    rows with some stay unless `keep_addresses` is false. `need_images` sets aside rows without any.
    """

    store: Literal["copy", "keep", "embed"] = "copy"
    folders: list[str] = field(default_factory=list)
    most_bytes: int = 20 << 20
    most_pixels: int = 50_000_000
    least_side: int = 8
    keep_addresses: bool = True
    need_images: bool = False

    def begin(self, surroundings: Surroundings) -> None:
        """Raises InvalidRequest for a folder that is none."""
        self._limits = Limits(self.most_bytes, self.most_pixels, self.least_side)
        if missing := [folder for folder in self.folders if not Path(folder).is_dir()]:
            raise InvalidRequest(f"{missing[0]} is no folder.", "Check images.folders.")

    def apply(self, row: Row, findings: Findings) -> Row | Rejection:
        if not row.images:
            return Rejection("no-image", "It names no image.") if self.need_images else row
        try:
            images = tuple(self._looked_at(image, row.origin) for image in row.images)
        except Unreadable as fault:
            return Rejection(fault.rule, fault.reason)
        if any(is_address(image.source) for image in images):
            if not self.keep_addresses:
                return Rejection("image-address", "It names an image by an address, which is not fetched.")
            findings.add(
                "image-address", "note", "It names an image by an address, which is not fetched.",
                row.origin, "Download it to be sure that it is there.",
            )  # fmt: skip
        return msgspec.structs.replace(row, images=images)

    def _looked_at(self, image: RowImage, origin: Origin) -> RowImage:
        """The image as the row will name it. Raises Unreadable."""
        if is_address(image.source):
            return image
        folders = [Path(origin.file).parent, *map(Path, self.folders)]
        data = image_bytes(image.source, folders, self.most_bytes)
        kind = checked_format(data, self._limits)
        if self.store == "keep":
            return image
        if self.store == "embed":
            return msgspec.structs.replace(image, source=embedded(data, kind))
        held = image.source if is_embedded(image.source) else str(image_file(image.source, folders))
        return msgspec.structs.replace(image, source=f"images/{named_by_content(data, kind)}", held=held)
