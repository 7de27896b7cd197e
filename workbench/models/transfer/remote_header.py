"""The header of a model that is not on this machine, read over the network: a few ranges, never the weights.

What the bytes say is the reader's matter; which files make up a model has been chosen before.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from workbench.errors import InvalidModel, Unreachable
from workbench.gguf import GrowingSource, Header, joined, parse
from workbench.models.hub import client
from workbench.models.hub.repository import HubFile, Repository
from workbench.models.transfer.attempts import Attempts, TryAgain
from workbench.models.transfer.connections import Connections
from workbench.models.transfer.offer import offered
from workbench.models.transfer.remote import RemoteFile

PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class RemoteHeader:
    """The header of a whole model, and what reading it cost."""

    header: Header
    bytes_fetched: int
    requests: int


def remote_header(repository: Repository, files: tuple[HubFile, ...]) -> RemoteHeader:
    """Read the header of the model in these files of the repository, all shards in order.

    Raises InvalidModel, and Unreachable and its kin as transfers do.
    """
    if not files or not all(file.path.lower().endswith(".gguf") for file in files):
        raise InvalidModel("This is no GGUF model.", "Only a GGUF can be looked into from afar.")
    with closing(Connections()) as connections:
        sources = [_source(repository, file, connections) for file in files]
        headers = [parse(source) for source in sources]
    return RemoteHeader(
        joined(headers) if len(headers) > 1 else headers[0],
        sum(source.bytes_fetched for source in sources),
        sum(source.requests for source in sources),
    )


def header_at(url: str) -> RemoteHeader:
    """The header of the one GGUF file at a plain address. Raises as `remote_header`."""
    with closing(Connections()) as connections:
        try:
            offer = offered(url, connections)
        except TryAgain as failure:
            raise Unreachable(f"{failure.reason}.", "Try again later.") from failure
        remote = RemoteFile(url, offer.size, {}, connections)
        name = unquote(urlsplit(url).path).rpartition("/")[2] or url
        source = GrowingSource(lambda offset, length: read(remote, offset, length), offer.size, name)
        header = parse(source)
    return RemoteHeader(header, source.bytes_fetched, source.requests)


def _source(repository: Repository, file: HubFile, connections: Connections) -> GrowingSource:
    url = client.file_url(repository.id, repository.commit, file.path)
    remote = RemoteFile(url, file.size_bytes, client.headers(), connections)
    return GrowingSource(lambda offset, length: read(remote, offset, length), file.size_bytes, file.name)


def read(remote: RemoteFile, offset: int, length: int) -> bytes:
    """These bytes of the file, or as many as came before the connection broke: what was needed may be there.

    Raises Unreachable where not even one comes, however often it is tried.
    """
    attempts, data = Attempts(PATIENCE_SECONDS), bytearray()
    while not data:
        try:
            _read_on(remote, offset, length, data, attempts)
        except TryAgain as failure:
            if data:
                break
            wait = attempts.wait(failure)
            if wait is None:
                raise Unreachable(f"{failure.reason}, again and again.", "Try again later.") from failure
            time.sleep(wait)
    return bytes(data)


def _read_on(remote: RemoteFile, offset: int, length: int, data: bytearray, attempts: Attempts) -> None:
    with closing(remote.open(offset + len(data), offset + length)) as body:
        passed = 0
        while len(data) < length:
            piece = body.read(min(1 << 20, body.skip + length - passed))
            if not piece:
                raise TryAgain(f"{body.host} ended before the file did")
            data += piece[max(0, body.skip - passed) :]
            passed += len(piece)
            attempts.progressed()
