"""One request and its answer, with the faults that are to happen to it."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING

from tests.hub.connection import Connection
from tests.hub.delivery import Delivery
from tests.hub.faults import ANSWERS, BODIES, BREAKS, WAITS, Fault
from tests.hub.heads import alter_head
from tests.hub.log import Record, record_of
from tests.hub.messages import Refusal, Request, Response
from tests.hub.ranges import apply_range
from tests.hub.resolve import denied
from tests.hub.routes import respond

if TYPE_CHECKING:
    from tests.hub.hub import FakeHub

PORTAL = b"<!DOCTYPE html><html><title>Welcome</title><p>Log in to use the network of this hotel.</html>"


def converse(hub: FakeHub, connection: Connection) -> None:
    """Answer one request after another until either side ends it."""
    while (request := connection.read()) is not None:
        exchange(hub, connection, request)
        if request.ends_connection:
            return


def exchange(hub: FakeHub, connection: Connection, request: Request) -> None:
    """Answer one request; raises Ended where the connection does not outlive it."""
    record = record_of(request)
    hub.log.append(record)
    try:
        _respond(hub, connection, request, record)
    finally:
        record.ended = time.monotonic()


def _respond(hub: FakeHub, connection: Connection, request: Request, record: Record) -> None:
    for fault in hub.faults.take(request, WAITS):
        connection.wait(math.inf if fault.seconds is None else fault.seconds)
    response = _answer(hub, connection, request)
    faults = alter_head(request, response, hub.faults)
    record.is_file = response.blob is not None
    span, shift = apply_range(request, response, hub.faults)
    head_only = request.method == "HEAD"
    if span and not head_only:
        faults += hub.faults.take(request, BODIES - BREAKS, span)
        faults += hub.faults.take(request, BREAKS, span, most=1)
    if request.ends_connection:
        response.headers["Connection"] = "close"
    Delivery(connection, response, record, span, shift, faults, hub.rate).run(head_only)


def _answer(hub: FakeHub, connection: Connection, request: Request) -> Response:
    kinds = ANSWERS if request.port == "cdn" else ANSWERS - {"expired"}
    for fault in hub.faults.take(request, kinds, most=1):
        if fault.kind == "refuse":
            connection.reset()
        return _instead(hub, request, fault)
    return respond(hub, request)


def _instead(hub: FakeHub, request: Request, fault: Fault) -> Response:
    """The answer that a fault gives in the place of the real one."""
    if fault.kind == "html":
        return Response(200, {"Content-Type": "text/html; charset=utf-8"}, PORTAL)
    if fault.kind == "expired":
        return denied("Request has expired")
    if fault.kind == "loop":
        return Response(302, {"Location": hub.address(request.port) + request.target})
    if fault.kind == "too_many":
        return Refusal(429, "Too many requests", **_patience(fault)).response
    refusal = Refusal(fault.status, f"The test asked for {fault.status}", **fault.headers).response
    return replace(refusal, body=fault.body) if fault.body else refusal


def _patience(fault: Fault) -> dict[str, str]:
    """How a client is told to come back later."""
    seconds = math.ceil(1 if fault.seconds is None else fault.seconds)
    if fault.form == "date":
        return {"Retry-After": formatdate(math.ceil(time.time()) + seconds, usegmt=True)}
    if fault.form == "ratelimit":
        policy = '"fixed window";"api";q=500;w=300'
        return {"ratelimit": f'"api";r=0;t={seconds}', "ratelimit-policy": policy}
    return {"Retry-After": str(seconds)}
