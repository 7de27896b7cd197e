"""The files of a server's certificate. Knows nothing of who is served with them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Tls:
    """A certificate with its chain, and its private key where that is in a file of its own; both PEM."""

    certificate: Path
    key: Path | None = None

    def check(self) -> None:
        """Raise InvalidRequest for files that cannot be used, before anybody is served with them."""
        for path in filter(None, (self.certificate, self.key)):
            try:
                path.read_bytes()
            except OSError as error:
                raise _unusable(path, error.strerror or str(error)) from error
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key, lambda: "")
        except OSError as error:  # which SSLError is
            raise _unusable(self.certificate, error.strerror or str(error)) from error


def _unusable(path: Path, reason: str) -> InvalidRequest:
    return InvalidRequest(
        f"{path} cannot be used for https: {reason}.",
        "Give a PEM file with --tls-cert, and its key without a password with --tls-key.",
    )
