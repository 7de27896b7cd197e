"""The header of a model by the name that a person writes, whether the model is here, on the hub or elsewhere.

Of a model that is not here nothing but its header is fetched. Knows nothing of what the header is wanted for.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import InvalidRequest, ModelNotFound
from workbench.gguf import Header, read_model
from workbench.models.header_cache import header_of
from workbench.models.hub.recent import recent_repository
from workbench.models.hub.repository import Repository
from workbench.models.hub.variants import Variant, choose, variants
from workbench.models.locating import is_path, locate
from workbench.models.reference import HubReference, UrlReference, parse_reference
from workbench.models.runnable import runnable


@dataclass(frozen=True, slots=True)
class Named:
    """A model and its header.

    Attributes:
        path: Where it is on this machine; "" where it is not.
        repository: Where it is on the hub, and `variant` what of it was meant; None where it is not there.
        bytes_fetched: Of its files, just now.
    """

    name: str
    header: Header
    path: str = ""
    repository: Repository | None = None
    variant: Variant | None = None
    bytes_fetched: int = 0


def named_header(name: str) -> Named:
    """Raises ModelNotFound and InvalidModel, and of models on the hub also Unreachable and its kin."""
    try:
        found = runnable(locate(name))
    except ModelNotFound:
        match _reference(name):
            case HubReference() as reference:
                return _on_hub(reference)
            case UrlReference(url):
                return _at_address(url)
            case None:
                raise
    return Named(found.name, read_model(found.path), str(found.path))


def siblings(named: Named) -> list[Named]:
    """The same model in all the quantizations that its repository offers, the smallest first."""
    if named.repository is None:
        return [named]
    offered = [one for one in variants(named.repository) if _is_readable(one)]
    return [_read(named.repository, variant) for variant in sorted(offered, key=lambda one: one.size_bytes)]


def _reference(name: str) -> HubReference | UrlReference | None:
    try:
        return None if is_path(name) else parse_reference(name)
    except InvalidRequest:
        return None


def _at_address(url: str) -> Named:
    from workbench.models.transfer.remote_header import header_at

    read = header_at(url)
    return Named(read.header.source_name, read.header, bytes_fetched=read.bytes_fetched)


def _on_hub(reference: HubReference) -> Named:
    found = recent_repository(reference.repository, reference.revision)
    return _read(found, choose(found, reference.selector))


def _read(found: Repository, variant: Variant) -> Named:
    read = header_of(found, variant.files)
    return Named(
        f"{found.id}:{variant.label}",
        read.header,
        repository=found,
        variant=variant,
        bytes_fetched=read.bytes_fetched,
    )


def _is_readable(variant: Variant) -> bool:
    whole = not variant.problem and all(file.etag for file in variant.files)
    return whole and all(file.path.lower().endswith(".gguf") for file in variant.files)
