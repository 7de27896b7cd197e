"""A repository of the hub as a person or a program reads it: what it is, and what of it can be fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from workbench.cli import output
from workbench.machine import Machine, machine
from workbench.machine.fit import BASIS, fit
from workbench.models.hub import client
from workbench.models.hub.repository import HubFile, Repository, repository
from workbench.models.hub.variants import Variant, choose, variants
from workbench.models.reference import HubReference

_HEADINGS = ("quant", "bits/weight", "size", "shards", "mmproj", "fits here")
_NUMBERS = ("bits/weight", "size", "shards")


def print_repository(reference: HubReference, as_json: bool) -> None:
    """Ask the hub for the repository and print it with its variants, or with the one that is named."""
    found, here = repository(reference.repository, reference.revision), machine()
    offered = (choose(found, reference.selector),) if reference.selector else variants(found)
    if as_json:
        output.document(_document(found, offered, here))
        return
    _print_facts(found)
    if offered:
        output.line()
        _print_variants(offered, here)
    _print_notes(found, offered)


def short(count: int) -> str:
    """A number in the unit that reads best, such as 8.0B."""
    amount, unit = float(count), ""
    for larger in ("k", "M", "B", "T"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.1f}{unit}" if unit else str(count)


def _print_facts(found: Repository) -> None:
    facts = {
        "repository": found.id,
        "commit": found.commit if found.revision == found.commit else f"{found.commit} ({found.revision})",
        "parameters": short(found.parameters) if found.parameters else "",
        "architecture": found.architecture,
        "context": str(found.context_length or ""),
        "licence": found.licence,
        "base model": ", ".join(found.base_models),
        "access": " and ".join(
            word for word, holds in (("private", found.private), ("gated", found.gated)) if holds
        ),
        "downloads": f"{found.downloads} in 30 days, {found.likes} likes",
        "updated": found.updated,
    }
    for name, value in facts.items():
        if value:
            output.line(f"{name:<14}{value}")


def _print_variants(offered: Sequence[Variant], here: Machine) -> None:
    rows = [
        (
            variant.label,
            f"{variant.bits_per_weight:.2f}" if variant.bits_per_weight else "",
            output.size(variant.size_bytes) if _is_known(variant) else "?",
            str(len(variant.files)),
            variant.projector.name if variant.projector else "",
            variant.problem or (fit(variant.size_bytes, here) if _is_known(variant) else "?"),
        )
        for variant in sorted(offered, key=lambda variant: variant.size_bytes)
    ]
    columns = list(zip(_HEADINGS, *rows, strict=True))
    shown = [column for column in columns if any(column[1:])]
    headings, *cells = zip(*shown, strict=True)
    output.table(headings, cells, right=[index for index, name in enumerate(headings) if name in _NUMBERS])


def _print_notes(found: Repository, offered: Sequence[Variant]) -> None:
    if found.left_out:
        output.note(f"Left out: {found.left_out} files whose names cannot be trusted.")
    if client.token_was_refused():
        output.note("The hub does not know your token; it was asked without.")
    if not offered:
        output.note("It holds no model that can be fetched: neither GGUF nor safetensors.")
        return
    if found.gated:
        output.note(f"It is gated; ask for access at {client.endpoint()}/{found.id}.")
    output.note(f"Fits here: {BASIS}. Fetch one with `workbench pull {found.id}:QUANT`.")


def _is_known(variant: Variant) -> bool:
    return all(file.etag for file in (*variant.files, *filter(None, [variant.projector])))


def _document(found: Repository, offered: Sequence[Variant], here: Machine) -> dict[str, object]:
    facts = asdict(found)
    del facts["files"]
    return {
        **facts,
        "fits_basis": BASIS,
        "variants": [_variant_document(variant, here) for variant in offered],
    }


def _variant_document(variant: Variant, here: Machine) -> dict[str, object]:
    known = _is_known(variant)
    return {
        "label": variant.label,
        "bits_per_weight": variant.bits_per_weight and round(variant.bits_per_weight, 3),
        "size_bytes": variant.size_bytes if known else None,
        "fits": fit(variant.size_bytes, here) if known else None,
        "shards": len(variant.files),
        "problem": variant.problem,
        "files": [_file_document(file) for file in variant.files],
        "projector": _file_document(variant.projector) if variant.projector else None,
    }


def _file_document(file: HubFile) -> dict[str, object]:
    return {"path": file.path, "size_bytes": file.size_bytes if file.etag else None, "sha256": file.sha256}
