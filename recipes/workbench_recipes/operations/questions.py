"""`questions`: conversations about documents, written by a model, with the words that answers rest on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import xxhash

from workbench.constraint import Constraint
from workbench.conversation import Conversation, Message
from workbench.datasets.asking.answers import Answer
from workbench.datasets.asking.operation import AskingOperation
from workbench.datasets.findings import Findings
from workbench.datasets.operation import Surroundings
from workbench.datasets.row import Kind, Rejection, Row
from workbench.errors import InvalidRequest
from workbench.generation import Generation
from workbench.sampling import SamplingSettings

_PARTS = ("question", "quote", "answer")
_decoder = json.JSONDecoder()


@dataclass
class Questions(AskingOperation):
    """Has the model write up to `pairs` questions about each text, with answers and quotes from the text.

    `instruction` is its system message, in which {pairs} stands for their number; the text is what it is
    asked. The answer keeps to a JSON Schema where the engine can hold it to one, and has at most
    `most_tokens`. With a `temperature` of 0 it is the most likely one, else it follows from the seed.
    """

    instruction: str
    makes: ClassVar[Kind | None] = "chat"
    pairs: int = 3
    most_tokens: int = 1000
    temperature: float = 0.0

    def begin(self, surroundings: Surroundings) -> None:
        """Raises InvalidRequest where it is told nothing to do."""
        if self.pairs < 1 or self.most_tokens < 1 or not self.instruction.strip():
            raise InvalidRequest(
                "The step questions has nothing to ask for.", "Give pairs, most_tokens and an instruction."
            )
        self._seed = surroundings.seed
        super().begin(surroundings)

    def question(self, row: Row) -> Generation:
        drawn = xxhash.xxh3_64_intdigest(row.text.encode(), self._seed) if self.temperature else 0
        return Generation(
            prompt=Conversation(
                (
                    Message("system", self.instruction.replace("{pairs}", str(self.pairs)).strip()),
                    Message("user", row.text),
                )
            ),
            sampling=SamplingSettings(temperature=self.temperature, seed=drawn),
            max_tokens=self.most_tokens,
            constraint=Constraint("json_schema", json.dumps(_schema(self.pairs))),
        )

    def answered(self, row: Row, answer: Answer, findings: Findings) -> Row | Rejection | Sequence[Row]:
        if answer.ended == "refused":
            return Rejection("refused", answer.text)
        pairs = list(pairs_in(answer.text))[: self.pairs]
        if answer.ended == "length":
            reason = f"The model had not ended after {self.most_tokens} tokens, or at its context's end."
            if not pairs:
                return Rejection("unfinished", reason)
            findings.add("unfinished", "note", reason, row.origin, "Raise questions.most_tokens.")
        if not pairs:
            return Rejection(
                "no-pairs", f"The model wrote no questions, quotes and answers: {answer.text[:100]!r}"
            )
        return [_row(row, pair) for pair in pairs]


def _schema(pairs: int) -> dict[str, Any]:
    one = {
        "type": "object",
        "properties": {
            "question": {"type": "string", "minLength": 1, "maxLength": 300},
            "quote": {"type": "string", "minLength": 1, "maxLength": 400},
            "answer": {"type": "string", "minLength": 1, "maxLength": 800},
        },
        "required": list(_PARTS),
        "additionalProperties": False,
    }
    listed = {"type": "array", "items": one, "minItems": 1, "maxItems": pairs}
    return {
        "type": "object",
        "properties": {"pairs": listed},
        "required": ["pairs"],
        "additionalProperties": False,
    }


def pairs_in(text: str) -> Iterator[dict[str, str]]:
    """The complete pairs of an answer that may be cut short, or have other text around its JSON."""
    end = 0
    for brace in re.finditer(r"\{", text):
        if brace.start() >= end:
            try:
                value, after = _decoder.raw_decode(text, brace.start())
            except (ValueError, RecursionError):
                continue
            if all(isinstance(value.get(part), str) and value[part].strip() for part in _PARTS):
                yield {part: _sound(value[part]) for part in _PARTS}
                end = after


def _sound(text: str) -> str:
    """Without halves of letters, which JSON can write and no file can hold."""
    return text.encode("utf-8", "replace").decode().strip()


def _row(row: Row, pair: dict[str, str]) -> Row:
    question, quote, answer = (pair[part] for part in _PARTS)
    place = f"{row.origin.file}#{row.meta.get('chunk', row.origin.line)}"
    return msgspec.structs.replace(
        row,
        text="",
        messages=(Message("user", question), Message("assistant", answer)),
        meta=row.meta | {"quote": quote, "passage": row.text, "place": place},
    )
