"""A file on a server, of known size, opened at any byte.

A signed address ages: the one that redirects led to is kept until it is refused, then asked for again. Knows
no disk and no hash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from workbench.models.transfer.attempts import TryAgain
from workbench.models.transfer.connections import Connections, failure
from workbench.models.transfer.redirects import follow, host, origin, refusal, release

_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19})")


class Changed(Exception):
    """The file on the server is another one than when its download began."""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """An open answer; `skip` bytes of it come before those that were asked for."""

    response: BaseHTTPResponse
    host: str
    skip: int = 0

    def read(self, most: int) -> bytes:
        """The next bytes, as many as have come but no more than `most`; b"" at the end. Raises TryAgain."""
        try:
            return self.response.read1(most, decode_content=False) or b""
        except (HTTPError, OSError, ValueError, AttributeError) as error:
            raise failure(error, self.host) from error

    def release(self) -> None:
        """The body was read to its end: the connection serves again."""
        self.response.release_conn()

    def close(self) -> None:
        self.response.close()

    def interrupt(self) -> None:
        """End a read that waits in another thread."""
        with suppress(ValueError, RuntimeError, OSError):  # it may just have ended by itself
            self.response.shutdown()


@dataclass(slots=True)
class RemoteFile:
    """The file at `url`, `size` bytes long; `private` headers go to that server alone.

    `validator` is an ETag that says which edition of it is meant, where the address alone does not.
    `whole_only` is set while the server shows that it cannot begin in the middle.
    """

    url: str
    size: int
    private: Mapping[str, str]
    connections: Connections
    validator: str = ""
    whole_only: bool = False
    _address: str = field(default="", init=False)

    def open(self, start: int, end: int) -> Body:
        """The bytes from `start` to `end`.

        Raises TryAgain, Changed, or WorkbenchError where trying is no use.
        """
        wanted = {"Range": f"bytes={start}-{end - 1}"}
        condition = {"If-Range": self.validator} if self.validator else {}
        address, response = follow(
            self._address or self.url, wanted | condition, self.connections, self.private, self.url
        )
        try:
            body = self._checked(response, address, start)
        except BaseException:
            self._address = ""  # a signature may have expired
            release(response)
            raise
        self._address = address
        return body

    def _checked(self, response: BaseHTTPResponse, address: str, start: int) -> Body:
        match response.status:
            case 206:
                self._check_range(response.headers.get("Content-Range", ""), start, address)
                self.whole_only = False
                return Body(response, host(address))
            case 200:
                self._check_whole(response, address)
                self.whole_only = True
                return Body(response, host(address), skip=start)
        raise refusal(response, address, signed=origin(address) != origin(self.url))

    def _check_range(self, value: str, start: int, address: str) -> None:
        found = _CONTENT_RANGE.fullmatch(value.strip())
        if found is None or int(found[1]) != start:
            raise TryAgain(f"{host(address)} sent another part than was asked for", refused=True)
        self._check_size(int(found[3]), address)

    def _check_whole(self, response: BaseHTTPResponse, address: str) -> None:
        if self.validator and response.headers.get("ETag") != self.validator:
            raise Changed
        length = response.headers.get("Content-Length", "")
        if length.isdecimal():
            self._check_size(int(length), address)

    def _check_size(self, size: int, address: str) -> None:
        if size != self.size:
            raise TryAgain(
                f"{host(address)} offers {size:,} bytes where {self.size:,} were published (a login page?)",
                refused=True,
            )
