"""`validate`: rows from which something can be learned, and signs of damaged text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.conversation import Message
from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation
from workbench.datasets.row import Rejection, Row

_MISREAD = re.compile("Ã[\x80-\xbf]|â€[\u0080-\u00bf™œ\u009d“”]|Â[\xa0-\xbf]")
_REENCODE = "Read the file in the encoding it was written in, and write it as UTF-8."
_BLANK = " \t\r\n"


@dataclass
class Validate(RowOperation):
    """Sets aside rows without an answer or with an empty turn, and pairs whose answers are the same.

    Tells of turns that do not alternate, and of text that was read in a wrong encoding.
    """

    def apply(self, row: Row, findings: Findings) -> Row | Rejection:
        match row.kind:
            case "chat":
                why = _chat(row, findings)
            case "preference":
                why = _pair(row)
            case "kto":
                why = _answered(row.prompt, row.completion, "completion")
            case "text":
                why = Rejection("empty", "The text is empty.") if not row.text.strip() else None
        if why is None:
            _look_for_damage(row, findings)
        return why or row


def _chat(row: Row, findings: Findings) -> Rejection | None:
    messages = row.messages
    answered = asked = False
    pictured = {image.message for image in row.images} if row.images else ()
    for index, message in enumerate(messages):
        if message.role == "assistant":
            answered = True
        elif message.role == "user":
            asked = True
        if not message.content.strip(_BLANK) and index not in pictured and _must_speak(message):
            return Rejection("empty-turn", f"A turn of the {message.role} is empty.")
    if not answered:
        return Rejection("no-answer", "Nobody answers, so there is nothing to learn.")
    if not asked:
        return Rejection("no-question", "Nobody asks anything.")
    if not _alternates(messages):
        findings.add(
            "turn-order", "warning", "Its turns do not alternate between the user and the assistant.",
            row.origin, "Many chat templates refuse such rows; join turns that follow each other.",
        )  # fmt: skip
    return None


def _must_speak(message: Message) -> bool:
    """Whether a turn without text says nothing at all. Tools may."""
    return not (message.role in ("tool", "system") or message.tool_calls or message.reasoning)


def _alternates(messages: Sequence[Message]) -> bool:
    """Whether users and assistants take turns. An assistant goes on after the results of its calls."""
    last = ""
    for index, message in enumerate(messages):
        if message.role == "system":
            if index:
                return False
        elif message.role == "tool":
            last = "tool"
        elif (
            message.role == last
            or (not last and message.role != "user")
            or (last == "tool" and message.role == "user")
        ):
            return False
        else:
            last = message.role
    return True


def _pair(row: Row) -> Rejection | None:
    for name, answer in (("chosen", row.chosen), ("rejected", row.rejected)):
        if why := _answered(row.prompt, answer, name):
            return why
    if row.chosen == row.rejected:
        return Rejection("same-answers", "The chosen and the rejected answer are the same.")
    return None


def _answered(prompt: Sequence[Message], answer: Sequence[Message], name: str) -> Rejection | None:
    if not any(message.content.strip() for message in prompt if message.role != "system"):
        return Rejection("no-question", "The prompt is empty.")
    last = answer[-1] if answer else None
    if last is None or not (last.content.strip() or last.tool_calls):
        return Rejection("no-answer", f"The {name} answer is empty.")
    if last.role != "assistant":
        return Rejection("no-answer", f"The {name} answer ends with a turn of the {last.role}.")
    return None


def _look_for_damage(row: Row, findings: Findings) -> None:
    for text in [row.text, *[message.content for message in row.turns]]:
        if text.isascii():
            continue
        if "\ufffd" in text:
            message = "It holds U+FFFD, which stands for letters that were lost."
            findings.add("lost-letters", "warning", message, row.origin, _REENCODE)
            return
        if _MISREAD.search(text):
            message = "It looks like UTF-8 that was read as Windows-1252."
            findings.add("wrong-encoding", "warning", message, row.origin, _REENCODE)
            return
