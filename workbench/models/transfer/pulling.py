"""Brings what a person named: a quant or a file of a repository, or a plain address.

The order of several is the queue's; how bytes travel is the transfers'.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Literal

from workbench.errors import InvalidRequest, ModelNotFound, Unreachable
from workbench.models.checksums import record_checksum
from workbench.models.hub import client
from workbench.models.hub.repository import repository
from workbench.models.hub.variants import choose
from workbench.models.locating import locate
from workbench.models.reference import HubReference, UrlReference, parse_reference
from workbench.models.stores.hugging_face import cache_folder
from workbench.models.transfer.fetching import Limits
from workbench.models.transfer.hub_pull import HubPull
from workbench.models.transfer.progress import Progress
from workbench.models.transfer.url_pull import UrlPull
from workbench.paths import models_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """What to bring and how.

    Attributes:
        name: `org/repo:QUANT`, `org/repo/file` or an address.
        sha256: What an address's file must hash to; "" where that is not known.
        projector: Whether a model's mmproj comes along.
        folder: Where an address's file goes; None is the user's models folder.
    """

    name: str
    sha256: str = ""
    projector: bool = True
    folder: Path | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What has arrived: `name` opens it.

    `checked_against` is the hash that all of it was found to match in this run, if there was one. What
    `was_here` before was not read again.
    """

    name: str
    paths: tuple[Path, ...]
    size_bytes: int
    sha256: str = ""
    checked_against: Literal["", "hub", "sha256"] = ""
    was_here: bool = False


def pull(request: PullRequest, report: Callable[[Progress], None], cancel: Event) -> Pulled:
    """Bring it, or find that it is here. Raises WorkbenchError; what has arrived by then is kept."""
    match parse_reference(request.name):
        case HubReference() as reference:
            if request.sha256:
                raise InvalidRequest("--sha256 is for plain addresses.", "The hub publishes its own.")
            return _from_hub(reference, request, report, cancel)
        case UrlReference(url):
            return _from_url(url, request, report, cancel)


def _from_hub(
    reference: HubReference, request: PullRequest, report: Callable[[Progress], None], cancel: Event
) -> Pulled:
    if client.is_offline():
        return _found_here(request.name)
    found = repository(reference.repository, reference.revision)
    variant = choose(found, reference.selector)
    files = variant.files + ((variant.projector,) if variant.projector and request.projector else ())
    transfer = HubPull(found, files, cache_folder(), request.limits, report, cancel)
    here_before = transfer.here
    paths = transfer.run()
    return Pulled(
        name=f"{found.id}/{files[0].path}",
        paths=paths,
        size_bytes=sum(file.size_bytes for file in files),
        sha256=files[0].sha256 or "",
        checked_against="" if here_before else "hub",
        was_here=bool(here_before),
    )


def _found_here(name: str) -> Pulled:
    """What an offline machine can still say: it is here, or it is not."""
    try:
        path = locate(name).path
    except ModelNotFound as error:
        raise Unreachable(
            f"{name} is not on this machine, and HF_HUB_OFFLINE keeps the hub from being asked.",
            "Unset HF_HUB_OFFLINE.",
        ) from error
    return Pulled(name=name, paths=(path,), size_bytes=path.stat().st_size, was_here=True)


def _from_url(url: str, request: PullRequest, report: Callable[[Progress], None], cancel: Event) -> Pulled:
    folder = request.folder or models_folder()
    fetched = UrlPull(url, request.sha256, folder, request.limits, report, cancel).run()
    record_checksum(fetched.path, fetched.sha256, "you" if request.sha256 else "what arrived")
    return Pulled(
        name=str(fetched.path),
        paths=(fetched.path,),
        size_bytes=fetched.path.stat().st_size,
        sha256=fetched.sha256,
        checked_against="sha256" if request.sha256 else "",
    )
