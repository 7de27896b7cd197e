"""A repository of the hub as a person or a program reads it: what it is, and what of it can be fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from workbench import repository_facts
from workbench.cli import output
from workbench.machine import Machine, machine
from workbench.models.hub.repository import HubFile, Repository, repository
from workbench.models.hub.variants import Variant, choose, variants
from workbench.models.reference import HubReference
from workbench.planning.rough import BASIS, Rough


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


def _print_facts(found: Repository) -> None:
    for name, value in repository_facts.facts(found).items():
        output.line(f"{name:<14}{value}")


def _print_variants(offered: Sequence[Variant], here: Machine) -> None:
    headings, rows = repository_facts.table(repository_facts.by_size(offered), here)
    numbers = [index for index, name in enumerate(headings) if name in repository_facts.NUMBERS]
    output.table(headings, rows, right=numbers)


def _print_notes(found: Repository, offered: Sequence[Variant]) -> None:
    for note in repository_facts.notes(found, offered):
        output.note(note)
    if offered:
        output.note(f"{repository_facts.MEANING_OF_FITS} Fetch one with `workbench pull {found.id}:QUANT`.")


def _document(found: Repository, offered: Sequence[Variant], here: Machine) -> dict[str, object]:
    told = asdict(found)
    del told["files"]
    rough = Rough(offered, here)
    return {
        **told,
        "fits_basis": BASIS,
        "variants": [_variant_document(variant, rough) for variant in offered],
    }


def _variant_document(variant: Variant, rough: Rough) -> dict[str, object]:
    return {
        "label": variant.label,
        "bits_per_weight": variant.bits_per_weight and round(variant.bits_per_weight, 3),
        "size_bytes": variant.size_bytes if repository_facts.is_known(variant) else None,
        "fits": repository_facts.fits(variant, rough),
        "shards": len(variant.files),
        "problem": variant.problem,
        "files": [_file_document(file) for file in variant.files],
        "projector": _file_document(variant.projector) if variant.projector else None,
    }


def _file_document(file: HubFile) -> dict[str, object]:
    return {"path": file.path, "size_bytes": file.size_bytes if file.etag else None, "sha256": file.sha256}
