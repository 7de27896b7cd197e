"""One model as text and as JSON: what it says of itself, how its bytes are spread, and where it is."""

from __future__ import annotations

from dataclasses import asdict

from workbench import wording
from workbench.cli import output
from workbench.models import Description, LocalModel
from workbench.models.inspection import Heads, Inspection
from workbench.models.provenance import Provenance
from workbench.models.stores import StoredModel, store_of
from workbench.models.tensor_mix import RoleMix
from workbench.models.weight_formats import weight_format

FIRST_LINES = 5


def print_model(model: LocalModel, described: Description, inspected: Inspection) -> None:
    for label, value in _facts(model, described, inspected):
        if value:
            output.line(f"{label:<14}{output.on_one_line(value)}")
    if inspected.template:
        output.line(f"{'template':<14}{_template_size(inspected.template)}")
        for line in inspected.template.splitlines()[:FIRST_LINES]:
            output.line(f"  {output.on_one_line(line)[:100]}")
    if inspected.mix:
        output.line()
        _print_mix(inspected.mix)
    output.line()
    _print_places(model, described)
    if described.problem:
        output.note(output.on_one_line(described.problem))


def _facts(model: LocalModel, described: Description, inspected: Inspection) -> list[tuple[str, str]]:
    bits = inspected.bits_per_weight
    return [
        ("name", model.name),
        ("title", inspected.title),
        ("architecture", inspected.architecture),
        ("parameters", _parameters(inspected)),
        ("quantization", inspected.quantization + (f", {bits:.2f} bits per weight" if bits else "")),
        ("size", _size(described)),
        ("runs with", form.engines if (form := weight_format(model.place)) else ""),
        ("layers", _number(inspected.layers)),
        ("heads", _heads(inspected.heads)),
        ("KV heads", _heads(inspected.kv_heads)),
        ("context", _number(inspected.context_length, " tokens")),
        ("embedding", _number(inspected.embedding_length)),
        ("vocabulary", _number(inspected.vocabulary, " tokens")),
        ("licence", inspected.licence),
        ("projector", described.projector.name if described.projector else ""),
        *(_origin(inspected.provenance) if inspected.provenance else ()),
    ]


def _origin(made: Provenance) -> list[tuple[str, str]]:
    hashes = ", ".join(made.source_hashes)
    return [
        ("made of", f"{made.source}, SHA-256 {hashes}" if hashes else made.source),
        ("made by", made.tools),
        ("recipe", f"{made.type} {made.recipe}".strip()),
        ("imatrix", made.importance + (f", SHA-256 {made.importance_hash}" if made.importance_hash else "")),
        ("calibrated on", made.dataset + (f", SHA-256 {made.corpus_hash}" if made.corpus_hash else "")),
    ]


def _parameters(inspected: Inspection) -> str:
    if inspected.parameters is None:
        return ""
    text = _count(inspected.parameters)
    if inspected.experts and inspected.active_parameters is not None:
        used = f"{inspected.experts_used} of {inspected.experts} experts"
        text += f", {_count(inspected.active_parameters)} active ({used})"
    return text


def _count(parameters: int) -> str:
    for unit, size in (("B", 1e9), ("M", 1e6)):
        if parameters >= size:
            return f"{parameters / size:.3g} {unit}"
    return f"{parameters:,}"


def _size(described: Description) -> str:
    files = len(described.files)
    return wording.size(described.size_bytes) + (f" in {files} files" if files > 1 else "")


def _number(value: int | None, unit: str = "") -> str:
    return "" if value is None else f"{value:,}{unit}"


def _heads(heads: Heads) -> str:
    if isinstance(heads, tuple):
        return f"{min(heads)} to {max(heads)}, by layer"
    return _number(heads)


def _template_size(template: str) -> str:
    lines = len(template.splitlines())
    unit = "line" if lines == 1 else "lines"
    return f"{len(template):,} characters in {lines:,} {unit}; --template prints an example"


def _print_mix(mix: tuple[RoleMix, ...]) -> None:
    output.table(
        ("tensors", "size", "bits/weight", "types"),
        [
            (
                part.role,
                wording.size(part.size_bytes),
                f"{part.bits_per_weight:.2f}" if part.elements else "",
                ", ".join(f"{name} {wording.size(size)}" for name, size in part.types),
            )
            for part in mix
        ],
        right=(1, 2),
    )


def _print_places(model: LocalModel, described: Description) -> None:
    rows = [(_title(place), place.name, str(file.path)) for place in model.places for file in place.all_files]
    output.table(("where", "name", "file"), rows)


def _title(place: StoredModel) -> str:
    return store_of(place.store).title if place.store else "a path"


def model_document(model: LocalModel, described: Description, inspected: Inspection) -> dict[str, object]:
    return {
        "name": model.name,
        "path": str(model.path),
        "kind": described.kind,
        "size_bytes": described.size_bytes,
        "problem": described.problem,
        "title": inspected.title,
        "architecture": inspected.architecture,
        "quantization": inspected.quantization,
        "format": form.name if (form := weight_format(model.place)) else "",
        "engines": form.engines if form else "",
        "parameters": inspected.parameters,
        "active_parameters": inspected.active_parameters,
        "bits_per_weight": inspected.bits_per_weight,
        "layers": inspected.layers,
        "heads": inspected.heads,
        "kv_heads": inspected.kv_heads,
        "context_length": inspected.context_length,
        "embedding_length": inspected.embedding_length,
        "vocabulary": inspected.vocabulary,
        "experts": inspected.experts,
        "experts_used": inspected.experts_used,
        "tensors": [_mix_document(part) for part in inspected.mix],
        "template": inspected.template,
        "ollama_template": inspected.ollama_template,
        "licence": inspected.licence,
        "provenance": None if inspected.provenance is None else asdict(inspected.provenance),
        "projector": None if described.projector is None else str(described.projector),
        "files": [str(path) for path in described.files],
        "places": [_place_document(place) for place in model.places],
    }


def _mix_document(part: RoleMix) -> dict[str, object]:
    return {
        "role": part.role,
        "size_bytes": part.size_bytes,
        "elements": part.elements or None,
        "bits_per_weight": part.bits_per_weight or None,
        "types": dict(part.types),
    }


def _place_document(place: StoredModel) -> dict[str, object]:
    return {
        "store": place.store,
        "name": place.name,
        "path": str(place.path),
        "files": [
            {"path": str(file.path), "published_hash": file.digest or None} for file in place.all_files
        ],
    }
