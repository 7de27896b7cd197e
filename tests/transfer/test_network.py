"""The network between: certificates, proxies, and pages where a model should be."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

import workbench_guide
from tests.transfer.conftest import MODEL, Downloads
from tests.transfer.test_pull_command import run_pull
from workbench.errors import InvalidModel, Unreachable
from workbench.models.checksums import recorded_checksum


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, whole files only, without a word."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(
    handler: type[BaseHTTPRequestHandler] | partial[Quiet], secure: ssl.SSLContext | None
) -> Iterator[str]:
    """The address of a server that runs meanwhile."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if secure:
        server.socket = secure.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"{'https' if secure else 'http'}://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def site(tmp_path: Path, authority: trustme.CA) -> Iterator[str]:
    """An https server with a certificate of that authority, with a model and a page."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "guide.gguf").write_bytes(workbench_guide.PATH.read_bytes())
    (folder / "page.gguf").write_text("<!doctype html><p>Please log in.")
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(secure)
    with serving(partial(Quiet, directory=str(folder)), secure) as address:
        yield address


@pytest.fixture
def trusted(tmp_path: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority is one that the user named."""
    certificate = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(certificate))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def test_a_certificate_that_nobody_vouches_for_is_refused(downloads: Downloads, site: str) -> None:
    with pytest.raises(Unreachable, match="not trusted"):
        downloads.pull(f"{site}/guide.gguf")
    assert not list(downloads.models.glob("*"))


@pytest.mark.usefixtures("trusted")
def test_a_model_without_a_hash_arrives_and_its_hash_is_remembered(downloads: Downloads, site: str) -> None:
    pulled = downloads.pull(f"{site}/guide.gguf")
    assert pulled.paths[0].read_bytes() == workbench_guide.PATH.read_bytes()
    assert pulled.checked_against == ""
    remembered = recorded_checksum(pulled.paths[0])
    assert remembered is not None
    assert remembered.sha256 == pulled.sha256


@pytest.mark.usefixtures("trusted")
def test_a_page_that_asks_to_log_in_is_no_model(downloads: Downloads, site: str) -> None:
    with pytest.raises(InvalidModel, match="web page"):
        downloads.pull(f"{site}/page.gguf")
    assert not list(downloads.models.glob("*"))


class Proxy(BaseHTTPRequestHandler):
    """Passes plain requests on, and remembers for whom."""

    asked: list[str]

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        self.asked.append(self.path)
        connection = HTTPConnection(address.hostname or "", address.port)
        wanted = {name: value for name, value in self.headers.items() if not name.lower().startswith("proxy")}
        connection.request("GET", address._replace(scheme="", netloc="").geturl(), headers=wanted)
        answer = connection.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "date", "server", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        connection.close()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_everything_goes_through_the_users_proxy(
    downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process of its own, because the hub's client looks for proxies once."""
    handler = type("Handler", (Proxy,), {"asked": []})
    with serving(handler, None) as proxy:
        for name, value in (("HTTP_PROXY", proxy), ("NO_PROXY", "")):
            monkeypatch.setenv(name, value)
            monkeypatch.setenv(name.lower(), value)
        assert run_pull(MODEL).returncode == 0
    assert [path.read_bytes() for path in downloads.blobs] == [downloads.content]
    assert any(asked.startswith(downloads.hub.cdn_endpoint) for asked in handler.asked)
    assert any("/api/models/" in asked for asked in handler.asked)
