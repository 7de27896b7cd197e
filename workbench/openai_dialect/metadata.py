"""What clients may attach to what they ask for: a few short texts, each under a name."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]
