"""What crosses the pipe between the runtime and an engine's process, and how it is framed.

A frame is four bytes of length, little endian, and that many bytes of MessagePack. Ids are chosen by the
runtime and mean one call each. Knows nothing of processes.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

import msgspec

from workbench.backend import ModelFacts
from workbench.constraint import Constraint
from workbench.conversation import Medium
from workbench.engine_settings import EngineSettings, Speculation
from workbench.events import FinishReason, SampledToken, Timings, Usage
from workbench.sampler_trace import SamplerTrace
from workbench.sampling import SamplingSettings


class Message(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Base of everything that crosses."""


class Open(Message, frozen=True):
    """To the engine, first of all: load this."""

    backend: str
    model: str
    settings: EngineSettings


class Generate(Message, frozen=True):
    """To the engine: continue this text, control tokens in it read as such, or these tokens.

    Where there are media in the prompt, it is `mixed`.
    """

    id: int
    prompt: str | tuple[int, ...]
    sampling: SamplingSettings
    max_tokens: int | None
    stop: tuple[str, ...]
    logprobs: int | None
    ignore_end: bool
    constraint: Constraint | None = None
    speculation: Speculation | None = None
    shown: tuple[int, ...] = ()
    mixed: tuple[str | Medium, ...] = ()


class Together(Message, frozen=True):
    """To the engine: requests that came at the same time, to be computed together from the first step on."""

    calls: tuple[Generate, ...]


class Close(Message, frozen=True):
    """To the engine: end in an orderly way, and keep what is to be kept."""


class Cancel(Message, frozen=True):
    """To the engine: drop this request."""

    id: int


class Tokenize(Message, frozen=True):
    """To the engine: tokens of a text; answered by Tokens."""

    id: int
    text: str
    special: bool
    add: bool | None


class TokenizeAll(Message, frozen=True):
    """To the engine: tokens of each text; answered by AllTokens."""

    id: int
    texts: tuple[str, ...]
    special: bool
    add: bool | None


class Measure(Message, frozen=True):
    """To the engine: tokens of a prompt with media; answered by Tokens."""

    id: int
    mixed: tuple[str | Medium, ...]


class Detokenize(Message, frozen=True):
    """To the engine: bytes of tokens; answered by Piece."""

    id: int
    tokens: tuple[int, ...]


class Divide(Message, frozen=True):
    """To the engine: bytes of each token apart; answered by Pieces."""

    id: int
    tokens: tuple[int, ...]


class Embed(Message, frozen=True):
    """To the engine: vectors of texts or tokens; answered by Vectors."""

    id: int
    inputs: tuple[str | tuple[int, ...], ...]


class Rank(Message, frozen=True):
    """To the engine: scores of documents; answered by Vectors."""

    id: int
    query: str
    documents: tuple[str, ...]


class TimePasses(Message, frozen=True):
    """To the engine: see PassRequest; answered by PassSeconds."""

    id: int
    held: tuple[int, ...]
    tokens: tuple[int, ...]
    together: bool


class Trace(Message, frozen=True):
    """To the engine: how it would draw what follows this prompt; answered by TraceOf."""

    id: int
    prompt: str | tuple[int, ...]
    sampling: SamplingSettings
    top: int
    draws: int


class Loading(Message, frozen=True):
    """From the engine: the share of the model that is loaded."""

    share: float


class Opened(Message, frozen=True):
    """From the engine: ready."""

    facts: ModelFacts


class Failed(Message, frozen=True):
    """From the engine: this call, or the load where id is None, ended with a WorkbenchError."""

    id: int | None
    kind: str
    message: str
    remedy: str
    param: str | None = None


class Tokens(Message, frozen=True):
    """From the engine: answer to Tokenize."""

    id: int
    tokens: tuple[int, ...]


class AllTokens(Message, frozen=True):
    """From the engine: answer to TokenizeAll."""

    id: int
    tokens: list[list[int]]


class Piece(Message, frozen=True):
    """From the engine: answer to Detokenize."""

    id: int
    data: bytes


class Pieces(Message, frozen=True):
    """From the engine: answer to Divide."""

    id: int
    data: list[bytes]


class PrefillAt(Message, frozen=True):
    """Within a Step: progress of one prompt."""

    id: int
    done: int
    total: int
    cached: int


class Text(Message, frozen=True):
    """Within a Step: more of one answer."""

    id: int
    text: str
    tokens: int
    logprobs: tuple[SampledToken, ...] = ()


class Ended(Message, frozen=True):
    """Within a Step: the end of one answer."""

    id: int
    reason: FinishReason
    usage: Usage
    timings: Timings
    stop_sequence: str = ""


class Vectors(Message, frozen=True):
    """Within a Step: answer to Embed or Rank, each vector as the bytes of its 32-bit numbers."""

    id: int
    vectors: tuple[bytes, ...]
    prompt_tokens: int


class PassSeconds(Message, frozen=True):
    """Within a Step: answer to TimePasses."""

    id: int
    seconds: float


class TraceOf(Message, frozen=True):
    """Within a Step: answer to Trace."""

    id: int
    trace: SamplerTrace


StepReply = PrefillAt | Text | Ended | Vectors | PassSeconds | TraceOf


class Step(Message, frozen=True):
    """From the engine: all that one step brought, for all requests, in one frame."""

    events: list[StepReply | Failed]


Call = (
    Generate
    | Cancel
    | Tokenize
    | TokenizeAll
    | Measure
    | Detokenize
    | Divide
    | Embed
    | Rank
    | TimePasses
    | Trace
)
Command = Open | Close | Together | Call
Reply = Loading | Opened | Failed | Tokens | AllTokens | Piece | Pieces | Step

LENGTH = struct.Struct("<I")
_encoder = msgspec.msgpack.Encoder()
command_decoder = msgspec.msgpack.Decoder(Command)
reply_decoder = msgspec.msgpack.Decoder(Reply)


def frame(message: Message) -> bytes:
    body = _encoder.encode(message)
    return LENGTH.pack(len(body)) + body


def read_command(stream: BinaryIO) -> Command | None:
    """The next command, or None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    body = stream.read(LENGTH.unpack(head)[0])
    command: Command = command_decoder.decode(body)
    return command
