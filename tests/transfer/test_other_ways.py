"""Files from plain addresses, and files that the hub's own client fetches for us."""

from __future__ import annotations

import hashlib

import pytest

from tests.transfer.conftest import FILE, MODEL, SIZE, Downloads
from workbench.errors import CorruptDownload, InvalidRequest, Unreachable
from workbench.models.transfer.fetching import Limits


class TestAddresses:
    """Files at plain addresses, here those of the cdn."""

    def address(self, downloads: Downloads) -> str:
        commit = downloads.hub.repositories[MODEL].main.sha
        return f"{downloads.hub.endpoint.replace('127.0.0.1', 'localhost')}/{MODEL}/resolve/{commit}/{FILE}"

    def sha256(self, downloads: Downloads) -> str:
        return hashlib.sha256(downloads.content).hexdigest()

    def test_it_arrives_in_the_models_folder(self, downloads: Downloads) -> None:
        pulled = downloads.pull(self.address(downloads), sha256=self.sha256(downloads))
        assert pulled.paths == (downloads.models / FILE,)
        assert pulled.paths[0].read_bytes() == downloads.content

    def test_another_hash_than_was_named_is_refused(self, downloads: Downloads) -> None:
        with pytest.raises(CorruptDownload):
            downloads.pull(self.address(downloads), sha256="0" * 64)
        assert not (downloads.models / FILE).exists()

    def test_plain_http_needs_a_hash(self, downloads: Downloads) -> None:
        with pytest.raises(InvalidRequest):
            downloads.pull(self.address(downloads))

    def test_it_resumes(self, downloads: Downloads) -> None:
        downloads.hub.faults.add("reset", port="cdn", after=16_000_000)
        downloads.hub.faults.add("expired", port="cdn", skip=2, times=-1)
        with pytest.raises(Unreachable):
            downloads.pull(self.address(downloads), sha256=self.sha256(downloads), limits=Limits(1, None, 1))
        downloads.hub.clear()
        downloads.pull(self.address(downloads), sha256=self.sha256(downloads))
        assert downloads.fetched <= SIZE - 14_000_000

    def test_what_is_there_is_not_overwritten(self, downloads: Downloads) -> None:
        downloads.models.mkdir(parents=True)
        (downloads.models / FILE).write_bytes(b"mine")
        with pytest.raises(InvalidRequest):
            downloads.pull(self.address(downloads), sha256=self.sha256(downloads))
        assert (downloads.models / FILE).read_bytes() == b"mine"


class TestXet:
    """The hub's own client fetches, here without Xet because this hub has none; the hash is ours to check."""

    LIMITS = Limits(xet=True)

    def test_it_arrives(self, downloads: Downloads) -> None:
        assert downloads.pull(limits=self.LIMITS).paths[0].read_bytes() == downloads.content
        assert {path.name for path in downloads.cache.glob("models--*/*")} == {"blobs", "refs", "snapshots"}

    def test_wrong_bytes_never_appear(self, downloads: Downloads) -> None:
        downloads.hub.faults.add("corrupt", port="cdn", offset=5_000_000)
        with pytest.raises(CorruptDownload):
            downloads.pull(limits=self.LIMITS)
        assert not downloads.blobs

    def test_their_failure_is_told(self, downloads: Downloads) -> None:
        downloads.hub.faults.add("status", port="cdn", status=503, times=-1)
        with pytest.raises(Unreachable, match="503"):
            downloads.pull(limits=self.LIMITS)
