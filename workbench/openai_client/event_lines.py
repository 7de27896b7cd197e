"""Server-sent events, read as bytes arrive, each within a bound. Knows nothing of what they hold."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator

from workbench.errors import Unreachable

MOST_BYTES = 16 << 20
"""The longest event that is read."""


async def events(pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The data of each event; comments are passed over. Raises Unreachable for an event without end."""
    data = list[bytes]()
    async for line in _lines(pieces):
        if not line and data:
            yield b"\n".join(data)
            data = []
        elif line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
            if sum(map(len, data)) > MOST_BYTES:
                raise _endless()
    if data:
        yield b"\n".join(data)


async def _lines(pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")
        if len(rest) > MOST_BYTES:
            raise _endless()
    if rest:
        yield rest.removesuffix(b"\r")


def _endless() -> Unreachable:
    return Unreachable(
        f"The server sent an event of more than {MOST_BYTES >> 20} MiB.", "Check what runs there."
    )
