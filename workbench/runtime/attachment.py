"""How a program of this user uses a model that their running server has loaded: the messages and the place.

Each connection to the server's socket asks for one model and makes one call; closing it cancels the call.
Knows nothing of how either side waits.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from workbench.backend import ModelFacts
from workbench.events import Event, Finished, Prefill, ReasoningDelta, TextDelta, ToolCallDelta
from workbench.generation import Generation
from workbench.paths import runtime_folder
from workbench.runtime.messages import LENGTH

_MOST_BYTES = 1 << 30
_EVENTS: dict[str, type[Event]] = {
    kind.__name__: kind for kind in (Prefill, ReasoningDelta, TextDelta, ToolCallDelta, Finished)
}


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Base of what is asked."""


class Stay(Ask, frozen=True):
    """In place of a model: nothing is answered, and the connection ends with the server."""


class UseModel(Ask, frozen=True):
    """First of all: the model whose file is here. Answered by Loading, where need be, and then by Facts."""

    path: str


class Generate(Ask, frozen=True):
    """Answered by Happened, as often as there are events."""

    generation: Generation


class Render(Ask, frozen=True):
    """Answered by Value: a text or tokens."""

    generation: Generation


class Tokenize(Ask, frozen=True):
    """Answered by Value: tokens."""

    text: str
    special: bool
    add: bool | None


class Detokenize(Ask, frozen=True):
    """Answered by Value: a text."""

    tokens: tuple[int, ...]


class TimePasses(Ask, frozen=True):
    """Answered by Value: seconds; see workbench.passes."""

    held: tuple[int, ...]
    tokens: tuple[int, ...]
    together: bool


class Answer(msgspec.Struct, frozen=True, tag=True):
    """Base of what is answered."""


class Loading(Answer, frozen=True):
    """So much of the model, from 0 to 1, is in memory."""

    share: float


class Facts(Answer, frozen=True):
    """The model is loaded."""

    facts: ModelFacts


class Happened(Answer, frozen=True):
    """An event, by the name of its class."""

    kind: str
    event: msgspec.Raw


class Value(Answer, frozen=True):
    """What a call returns."""

    value: Any


class Failed(Answer, frozen=True):
    """The call, or the load, ended with a WorkbenchError."""

    kind: str
    message: str
    remedy: str


Asked = Stay | UseModel | Generate | Render | Tokenize | Detokenize | TimePasses
Answered = Loading | Facts | Happened | Value | Failed
encode = msgspec.msgpack.Encoder().encode
asked_decoder = msgspec.msgpack.Decoder(Asked)
answered_decoder = msgspec.msgpack.Decoder(Answered)


def happened(event: Event) -> Happened:
    return Happened(type(event).__name__, msgspec.Raw(encode(event)))


def event_of(message: Happened) -> Event:
    return msgspec.msgpack.decode(message.event, type=_EVENTS[message.kind])


def socket_of(pid: int) -> Path:
    """Where the server of that process listens."""
    return runtime_folder() / f"serve-{pid}.sock"


def sockets() -> Iterable[Path]:
    """Of all servers of this user that are running, or were killed; never what another user put there."""
    return [path for path in sorted(runtime_folder().glob("serve-*.sock")) if _is_own(path)]


def _is_own(path: Path) -> bool:
    try:
        return path.lstat().st_uid == os.getuid()
    except OSError:  # it has ended meanwhile
        return False


def write(writer: asyncio.StreamWriter, message: Ask | Answer) -> None:
    body = encode(message)
    writer.write(LENGTH.pack(len(body)) + body)


async def read(reader: asyncio.StreamReader) -> bytes:
    """The next message. Raises IncompleteReadError at the end."""
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    if length > _MOST_BYTES:
        raise asyncio.IncompleteReadError(b"", length)
    return await reader.readexactly(length)
