"""`reasoning`: what an assistant thinks, in the field that chat templates read it from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from workbench.chat.formats.reasoning import ReasoningMarks
from workbench.chat.formats.recognition import REASONING_MARKS
from workbench.conversation import Message
from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation
from workbench.datasets.row import TURN_FIELDS, Rejection, Row

_MARKS = (*REASONING_MARKS, ReasoningMarks("<thinking>", "</thinking>"))
_REMEDY = "Give it thoughts, or set it aside with reasoning.need_thoughts."


@dataclass
class Reasoning(RowOperation):
    """Moves thoughts that stand before an answer, between tags such as <think>, into their own field.

    Sets aside rows with a thought that does not end, or that no answer follows. Tells of thoughts that are
    empty or break off, of answers without any, and of further thoughts within an answer; `need_thoughts` sets
    aside rows in which nobody thinks.
    """

    need_thoughts: bool = False

    def apply(self, row: Row, findings: Findings) -> Row | Rejection:
        changed, place = dict[str, tuple[Message, ...]](), 0
        for name in TURN_FIELDS:
            turns = list[Message]()
            for message in getattr(row, name):
                told = message if message.role != "assistant" else self._parted(message, place, row, findings)
                if isinstance(told, Rejection):
                    return told
                turns.append(told)
                place += 1
            changed[name] = tuple(turns)
        answers = [one for turns in changed.values() for one in turns if one.role == "assistant"]
        if answers and not any(one.reasoning for one in answers):
            if self.need_thoughts:
                return Rejection("no-thought", "Nobody thinks before an answer.")
            findings.add("no-thought", "warning", "Nobody thinks before an answer.", row.origin, _REMEDY)
        return msgspec.structs.replace(row, **changed)

    def _parted(self, message: Message, place: int, row: Row, findings: Findings) -> Message | Rejection:
        """The message with its thought apart from its answer; one with images in its text as it is."""
        pictured = any(image.message == place for image in row.images)
        marks = None if pictured else _marks_of(message.content)
        if marks is not None:
            before, _, answer = message.content.partition(marks.end)
            if marks.end not in message.content:
                return Rejection("thought-cut", f"The thought in message {place + 1} does not end.")
            thought = before.strip().removeprefix(marks.begin).strip()
            if not thought and not message.reasoning:
                what = f"The thought in message {place + 1} is empty."
                findings.add("empty-thought", "warning", what, row.origin, _REMEDY)
            both = dict.fromkeys(filter(None, (message.reasoning.strip(), thought)))
            message = replace(message, content=answer.strip(), reasoning="\n\n".join(both))
        if message.reasoning and not (message.content.strip() or message.tool_calls):
            return Rejection("thought-without-answer", f"Message {place + 1} thinks and says nothing.")
        _tell(message, place, row, findings)
        return message


def _marks_of(content: str) -> ReasoningMarks | None:
    """The tags that the text begins with; templates may have written the first one themselves."""
    start = content.lstrip()
    for marks in _MARKS:
        before, end, _ = content.partition(marks.end)
        if start.startswith(marks.begin) or (end and marks.begin not in before and "`" not in before):
            return marks
    return None


def _tell(message: Message, place: int, row: Row, findings: Findings) -> None:
    if any(marks.begin in message.content and marks.end in message.content for marks in _MARKS):
        what = f"Message {place + 1} has a further thought within its answer."
        findings.add(
            "thought-in-answer", "warning", what, row.origin, "Put it before the answer, or take it out."
        )
    ending = message.reasoning.rstrip()[-20:]
    if ending and (ending[-1].isalnum() or ending[-1] in ",-("):
        what = f"The thought in message {place + 1} breaks off: it ends with {ending!r}."
        findings.add("thought-breaks-off", "note", what, row.origin, "Look whether it was cut.")
