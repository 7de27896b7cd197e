"""A repository of the hub as a person reads it: its facts, its variants as rows, and what else to know.

For every interface alike; how it is laid out is theirs.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench import wording
from workbench.machine import Machine
from workbench.models.hub import client
from workbench.models.hub.repository import Repository
from workbench.models.hub.variants import Variant
from workbench.planning.rough import BASIS, Rough, RoughFit

_HEADINGS = ("quant", "bits/weight", "size", "shards", "mmproj", "fits here")
NUMBERS = ("bits/weight", "size", "shards")
"""Which of the headings stand above numbers."""
MEANING_OF_FITS = f"Fits here: {BASIS}."


def facts(found: Repository) -> dict[str, str]:
    """What the hub says of it, by name; what it does not say is left out."""
    access = (word for word, holds in (("private", found.private), ("gated", found.gated)) if holds)
    told = {
        "repository": found.id,
        "commit": found.commit if found.revision == found.commit else f"{found.commit} ({found.revision})",
        "parameters": wording.short(found.parameters) if found.parameters else "",
        "architecture": found.architecture,
        "context": str(found.context_length or ""),
        "licence": found.licence,
        "base model": ", ".join(found.base_models),
        "access": " and ".join(access),
        "downloads": f"{found.downloads} in 30 days, {found.likes} likes",
        "updated": found.updated,
    }
    return {name: value for name, value in told.items() if value}


def by_size(offered: Sequence[Variant]) -> list[Variant]:
    return sorted(offered, key=lambda variant: variant.size_bytes)


def table(offered: Sequence[Variant], here: Machine) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings, and a row for each variant in that order; a column that says nothing is left out."""
    if not offered:
        return (), []
    rough = Rough(offered, here)
    columns = zip(_HEADINGS, *(_row(variant, rough) for variant in offered), strict=True)
    headings, *rows = zip(*(column for column in columns if any(column[1:])), strict=True)
    return headings, rows


def _row(variant: Variant, rough: Rough) -> tuple[str, ...]:
    return (
        variant.label,
        f"{variant.bits_per_weight:.2f}" if variant.bits_per_weight else "",
        wording.size(variant.size_bytes) if is_known(variant) else "?",
        str(len(variant.files)),
        variant.projector.name if variant.projector else "",
        variant.problem or fits(variant, rough) or "?",
    )


def is_known(variant: Variant) -> bool:
    """Whether the hub has told the size of all its files."""
    return all(file.etag for file in (*variant.files, *filter(None, [variant.projector])))


def fits(variant: Variant, rough: Rough) -> RoughFit | None:
    return rough.fit(variant.size_bytes) if is_known(variant) else None


def notes(found: Repository, offered: Sequence[Variant]) -> list[str]:
    """What else there is to know, a sentence each."""
    told = []
    if found.left_out:
        told.append(f"Left out: {found.left_out} files whose names cannot be trusted.")
    if client.token_was_refused():
        told.append("The hub does not know your token; it was asked without.")
    if not offered:
        told.append("It holds no model that can be fetched: neither GGUF nor safetensors.")
    elif found.gated:
        told.append(f"It is gated; ask for access at {client.endpoint()}/{found.id}.")
    return told
