"""Downloads: from a file's address on the hub to its bytes, those of a large one at a signed address."""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from tests.hub.access import commit_at, open_repository
from tests.hub.content import Blob
from tests.hub.describe import xet_hash
from tests.hub.messages import Refusal, Request, Response

if TYPE_CHECKING:
    from tests.hub.hub import FakeHub

BYTES = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}


def resolve(hub: FakeHub, request: Request, id: str, revision: str, path: str) -> Response:
    """A redirect: to the cdn for a large file, to the cache on the same host for a small one."""
    repository = open_repository(hub, request, id)
    commit = commit_at(repository, revision)
    blob = commit.blobs.get(path)
    headers = TEXT | {"X-Repo-Commit": commit.sha, "Accept-Ranges": "bytes"}
    if blob is None:
        raise Refusal(404, "Entry not found", "EntryNotFound", **{"X-Repo-Commit": commit.sha})
    if blob.sha256 is None:
        location = f"/api/resolve-cache/models/{id}/{commit.sha}/{quote(path)}"
        headers |= {"ETag": f'"{blob.git_oid}"', "Location": location}
        return Response(307, headers, f"Temporary Redirect. Redirecting to {location}".encode())
    location = signed_address(hub, blob.sha256, f"{id}/{path}")
    headers |= {
        "ETag": f'"{blob.git_oid}"',
        "X-Linked-Etag": f'"{blob.sha256}"',
        "X-Linked-Size": str(blob.size),
        "Location": location,
    }
    if repository.xet:
        headers["X-Xet-Hash"] = xet_hash(blob.sha256)
        headers["Link"] = f'<{hub.endpoint}/api/models/{id}/xet-read-token/{commit.sha}>; rel="xet-auth"'
    return Response(302, headers, f"Found. Redirecting to {location}".encode())


def small_file(hub: FakeHub, request: Request, id: str, revision: str, path: str) -> Response:
    """What the redirect of a small file leads to."""
    commit = commit_at(open_repository(hub, request, id), revision)
    blob = commit.blobs.get(path)
    if blob is None:
        raise Refusal(404, "Entry not found", "EntryNotFound", **{"X-Repo-Commit": commit.sha})
    headers = TEXT | {"Accept-Ranges": "bytes", "X-Repo-Commit": commit.sha, "ETag": f'"{blob.etag}"'}
    return Response(200, headers, blob=blob)


def signed_address(hub: FakeHub, sha256: str, file: str) -> str:
    """An address on the cdn that serves the blob to whoever has it, for as long as the hub says."""
    expires = time.time() + (math.inf if hub.url_lifetime is None else hub.url_lifetime)
    query = {"file": file, "Expires": str(expires), "Signature": _signature(hub, sha256, file, str(expires))}
    return f"{hub.cdn_endpoint}/blobs/{sha256}?{urlencode(query)}"


def signed_blob(hub: FakeHub, request: Request) -> Response:
    """What a signed address leads to; its ETag is another than the one on the hub, as the real cdn's."""
    sha256 = request.path.removeprefix("/blobs/")
    expires = request.parameter("Expires")
    signature = _signature(hub, sha256, request.file, expires)
    if not hmac.compare_digest(signature, request.parameter("Signature")):
        return denied("SignatureDoesNotMatch")
    if float(expires) < time.time():
        return denied("Request has expired")
    blob = _blob(hub, sha256)
    if blob is None:
        return denied("NoSuchKey")
    name = request.file.rpartition("/")[2]
    disposition = f"inline; filename*=UTF-8''{quote(name)};"
    etag = hashlib.md5(sha256.encode()).hexdigest()
    headers = BYTES | {"ETag": f'"{etag}-7"', "Content-Disposition": disposition}
    return Response(200, headers, blob=blob)


def denied(reason: str) -> Response:
    """A refusal in the words of an object store."""
    page = f"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>{reason}</Message></Error>"
    return Response(403, {"Content-Type": "application/xml"}, page.encode())


def _blob(hub: FakeHub, sha256: str) -> Blob | None:
    commits = (commit for repository in hub.repositories.values() for commit in repository.commits.values())
    return next((blob for commit in commits for blob in commit.blobs.values() if blob.sha256 == sha256), None)


def _signature(hub: FakeHub, *parts: str) -> str:
    return hmac.new(hub.key, "\0".join(parts).encode(), "sha256").hexdigest()
