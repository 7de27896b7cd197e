"""A row of a dataset, whatever form it was written in, and the word of an operation that does not want it.

Rows are written between stages, so they are structs and not dataclasses. Knows no form and no file format.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from workbench.conversation import Conversation, Message, Tool

Kind = Literal["chat", "preference", "kto", "text"]
KINDS: tuple[Kind, ...] = ("chat", "preference", "kto", "text")
TURN_FIELDS = ("messages", "prompt", "chosen", "rejected", "completion")
"""The fields of a Row that hold messages, in the order of `Row.turns`."""


class Origin(Struct, frozen=True, omit_defaults=True):
    """Where a row was read: the file as it was named, and the line, or the row's number where there are none.

    Both count from 1.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class RowImage(Struct, frozen=True, omit_defaults=True):
    """An image that a row names: a path, an address or a data: URL, never opened by reading the row.

    It belongs to the message of that index, counted over `Row.turns`, after `at` characters of its text.
    `held` is the file or data: URL that is copied to `source` when the row is written, if any.
    """

    source: str
    message: int = 0
    at: int = 0
    held: str = ""


class RowTokens(Struct, frozen=True):
    """A row as the tokens of one model; `labels` are the same ids where they are trained, else -100.

    `room` is how many tokens may be put together with others.
    """

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    room: int = 0


class Row(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One example to learn from. Which fields are filled depends on its kind.

    Attributes:
        messages: Of a chat, the whole conversation; a prompt with its completion is one too.
        weights: One for each message, 0 where an answer is not to be learned; () means all alike.
        prompt: What the answers of a preference or a KTO row are to; `chosen` and `rejected`, or `completion`
            with its `label`, are the answers.
        text: Of a row for further pretraining.
        tokens: What an operation that knows the model has made of it.
        token_count: How many that model reads, at most, where that was counted.
        language: Its ISO 639 code, "und" where it cannot be told, "" where nobody looked.
        meta: Whatever else was in the row, such as its id, source or group.
    """

    origin: Origin
    messages: tuple[Message, ...] = ()
    weights: tuple[float, ...] = ()
    prompt: tuple[Message, ...] = ()
    chosen: tuple[Message, ...] = ()
    rejected: tuple[Message, ...] = ()
    completion: tuple[Message, ...] = ()
    label: bool | None = None
    text: str = ""
    tools: tuple[Tool, ...] = ()
    images: tuple[RowImage, ...] = ()
    tokens: RowTokens | None = None
    token_count: int = 0
    language: str = ""
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        if self.messages:
            return "chat"
        if self.label is not None:
            return "kto"
        return "preference" if self.chosen or self.rejected else "text"

    @property
    def turns(self) -> tuple[Message, ...]:
        """All messages, in the order messages, prompt, chosen, rejected, completion."""
        return self.messages or self.prompt + self.chosen + self.rejected + self.completion

    @property
    def conversation(self) -> Conversation:
        """The messages of a chat and its tools."""
        return Conversation(self.messages, self.tools)


class Rejection(Struct, frozen=True):
    """Why a row is set aside: the rule, named as findings are, and a sentence about this row."""

    rule: str
    reason: str
