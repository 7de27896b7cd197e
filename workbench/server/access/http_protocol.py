"""uvicorn's HTTP protocol, which waits for no client forever and refuses what is no HTTP like anything else.

A client must get a request's head across in time, and take what lies ready for it. Knows nothing of requests
beyond their heads.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from workbench.openai_dialect.error_body import refusal
from workbench.openai_dialect.wire import encode

_MESSAGE = "This is no HTTP request that the server understands, or its head is too long."


class PatientProtocol(H11Protocol):
    """Hangs up on clients that keep it waiting.

    Attributes:
        head_seconds: How long a request's head may take to arrive, and what is left of the request before.
        stall_seconds: How long a client may take none of the answer, once what lies ready for it is much.
        linger_seconds: How long a client has to read why it was refused.
    """

    head_seconds: ClassVar[float] = 20.0
    stall_seconds: ClassVar[float] = 60.0
    linger_seconds: ClassVar[float] = 1.0
    _refused = False
    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._expect_head()
        else:
            self._forget_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_timer()
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall_timer = self.loop.call_later(self.stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        body = encode(refusal(_MESSAGE, 400, code="invalid_http"))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        # Closed at once, with something of the request unread, the connection would lose the answer as well.
        self._refused = True
        self.loop.call_later(self.linger_seconds, self.transport.close)

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_seconds, self.timeout_keep_alive_handler)

    def _forget_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
