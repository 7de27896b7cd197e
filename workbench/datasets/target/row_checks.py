"""What may be wrong with a row once it is text and tokens. Each check is a function of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from workbench.conversation import Message
from workbench.datasets.target.mask import TokenizedRow
from workbench.datasets.target.remarks import Remark
from workbench.datasets.target.target import Target
from workbench.datasets.target.tool_checks import tool_remarks

Check = Callable[[Target, TokenizedRow], Iterator[Remark]]


def row_remarks(target: Target, row: TokenizedRow) -> list[Remark]:
    """All that the checks say of it."""
    return [
        *tool_remarks(row.example.conversation),
        *(remark for check in _CHECKS for remark in check(target, row)),
    ]


def _trained(target: Target, row: TokenizedRow) -> Iterator[Remark]:
    if not row.trained:
        yield Remark(
            "nothing-trained",
            "error",
            "No token of it is trained.",
            "Give it an answer that the template shows, or leave it out.",
        )


def _shown(target: Target, row: TokenizedRow) -> Iterator[Remark]:
    shown, messages = row.rendered.shown, row.example.conversation.messages
    for place in filter(row.example.weights.__getitem__, row.rendered.lost):
        yield Remark(
            "turn-dropped",
            "error",
            f"The template does not show message {place + 1}, an answer, or changes it beyond recognition.",
            "Write it as the template expects answers, or split the conversation before it.",
        )
    if shown is None:
        return
    for place, message in enumerate(messages):
        read = not row.example.weights[place]
        if read and message.content.strip() and (place, "content") not in shown:
            yield Remark(
                "message-dropped",
                "warning",
                f"The template leaves out message {place + 1}, of the {message.role}.",
                "Put what it says into a message that the template shows.",
            )
        if message.reasoning.strip() and (place, "reasoning") not in shown and row.example.weights[place]:
            yield Remark(
                "reasoning-dropped",
                "warning",
                f"What is thought in message {place + 1} never reaches the tokens.",
                "Split the row by turns, or put the thoughts into the text as the model writes them.",
            )


def _whole(target: Target, row: TokenizedRow) -> Iterator[Remark]:
    messages = row.example.conversation.messages
    for turn, _, _ in row.spans():
        content = messages[turn.message].content
        written = row.rendered.text[turn.start : turn.end]
        if content.strip() not in written:
            yield Remark(
                "content-changed",
                "warning",
                f"The template changes the text of message {turn.message + 1}.",
                "Compare with `workbench recipe mask`; thoughts belong into a field of their own.",
            )
        elif content not in written:
            yield Remark(
                "content-trimmed",
                "note",
                f"The template cuts space around the text of message {turn.message + 1}.",
                "Nothing needs to be done, unless the space matters.",
            )


def _terminated(target: Target, row: TokenizedRow) -> Iterator[Remark]:
    for turn, _, _ in row.spans():
        if not turn.terminator:
            yield Remark(
                "no-terminator",
                "error",
                f"Nothing that ends an answer is trained after message {turn.message + 1}.",
                "Have the trainer add the end token, or the model will not learn to stop.",
            )


def _prompted(target: Target, row: TokenizedRow) -> Iterator[Remark]:
    late = [turn.message + 1 for turn, _, _ in row.spans() if not turn.follows_prompt]
    if late:
        yield Remark(
            "prompt-not-prefix",
            "warning",
            f"The text before message {late[0]} is not the prompt that the model gets for it.",
            "Do not train it as prompt and completion; split the conversation by turns.",
        )
    if row.merged:
        yield Remark(
            "token-across-border",
            "warning",
            f"One token holds the end of the prompt and the beginning of message {row.merged[0] + 1}.",
            "Begin the answer with a letter.",
        )


def _thought(target: Target, row: TokenizedRow) -> Iterator[Remark]:
    marks = target.format(row.example.conversation).reasoning
    if marks is None:
        return
    empty = re.compile(re.escape(marks.begin.strip()) + r"\s*" + re.escape(marks.end.strip()))
    for turn, _, _ in row.spans():
        if empty.search(row.rendered.text, turn.start, turn.end):
            yield Remark(
                "empty-thought",
                "note",
                f"Message {turn.message + 1} trains an empty thought.",
                "Give it thoughts, or train a model that is asked not to think.",
            )


def _begun(target: Target, row: TokenizedRow) -> Iterator[Remark]:
    first = target.first_token
    count = row.tokens.ids.count(first) if first is not None else 0
    if count > 1:
        yield Remark(
            "bos-twice",
            "error",
            f"The token that begins a text is in it {count} times.",
            "Take it out of the messages.",
        )


def _uncontrolled(target: Target, row: TokenizedRow) -> Iterator[Remark]:
    for place, message in enumerate(row.example.conversation.messages):
        own = target.steering if message.role == "assistant" else target.control
        for text in _texts(message):
            if found := own.search(text):
                yield Remark(
                    "control-token-in-text",
                    "error",
                    f"Message {place + 1} holds {found[0]!r}, which the model reads as a control token.",
                    "Break it up, such as by a space, or leave the row out.",
                )
                break


def _texts(message: Message) -> Iterator[str]:
    yield message.content
    yield message.reasoning
    yield from (call.arguments for call in message.tool_calls)


_CHECKS: tuple[Check, ...] = (
    _trained, _shown, _whole, _terminated, _prompted, _thought, _begun, _uncontrolled,
)  # fmt: skip
