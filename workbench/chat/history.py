"""Every conversation, kept in one SQLite file that app, commands and recipes share.

Several processes may use it at once; one History belongs to one thread. It stores what was said and what the
answer cost, and knows nothing of templates, models or screens.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from workbench import paths
from workbench.chat.history_schema import MIGRATIONS
from workbench.conversation import Conversation, Message, Role, ToolCall
from workbench.database import DatabaseFile
from workbench.errors import InvalidRequest
from workbench.events import Finished

TITLE_LENGTH = 80


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """One line of the list of conversations; times are in UTC, `messages` counts them."""

    id: int
    title: str
    model: str
    started: datetime
    updated: datetime
    messages: int


class History(DatabaseFile):
    """The store. Every method raises WorkbenchError when the file cannot be read or written."""

    def __init__(self, path: Path | None = None) -> None:
        super().__init__(path or paths.history_file(), MIGRATIONS, "history of conversations")

    def start(self, model: str, title: str = "") -> int:
        """Begin a conversation and return its id; without a title, the first user line becomes it."""
        now = _now()
        with self.writing() as database:
            cursor = database.execute(
                "INSERT INTO conversation (title, model, started, updated) VALUES (?, ?, ?, ?)",
                (_title(title), model, now, now),
            )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def append(self, conversation_id: int, message: Message, finished: Finished | None = None) -> None:
        """Add one turn; `finished` tells what an answer cost, and is None for one that was stopped."""
        with self.writing() as database:
            self._touch(database, conversation_id)
            database.execute(
                """INSERT INTO message
                   (conversation_id, role, content, written, finish_reason, prompt_tokens, cached_tokens,
                    completion_tokens, time_to_first_token, generation_seconds,
                    reasoning, tool_calls, tool_call_id, name)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                (conversation_id, message.role, message.content, _now(), *_cost(finished), *_beside(message)),
            )
            if message.role == "user":
                database.execute(
                    "UPDATE conversation SET title = ? WHERE id = ? AND title = ''",
                    (_title(message.content), conversation_id),
                )

    def conversation(self, conversation_id: int) -> Conversation:
        with self.reading():
            self._require(conversation_id)
            return Conversation(messages_in(self._database, conversation_id))

    def summary(self, conversation_id: int) -> ConversationSummary:
        with self.reading():
            self._require(conversation_id)
            return self._summaries("WHERE conversation.id = ?", (conversation_id,))[0]

    def recent(self, limit: int = 50) -> list[ConversationSummary]:
        """The conversations last spoken in, newest first."""
        with self.reading():
            return self._summaries("ORDER BY updated DESC, conversation.id DESC LIMIT ?", (limit,))

    def rename(self, conversation_id: int, title: str) -> None:
        with self.writing() as database:
            self._require(conversation_id)
            database.execute(
                "UPDATE conversation SET title = ? WHERE id = ?", (_title(title), conversation_id)
            )

    def delete(self, conversation_id: int) -> None:
        """Remove a conversation and all it holds."""
        with self.writing() as database:
            self._require(conversation_id)
            database.execute("DELETE FROM conversation WHERE id = ?", (conversation_id,))

    def _summaries(self, rest: str, values: tuple[int, ...]) -> list[ConversationSummary]:
        rows = self._database.execute(
            f"""SELECT id, title, model, started, updated,
                       (SELECT count(*) FROM message WHERE conversation_id = conversation.id)
                FROM conversation {rest}""",
            values,
        ).fetchall()
        return [
            ConversationSummary(id, title, model, _moment(started), _moment(updated), messages)
            for id, title, model, started, updated, messages in rows
        ]

    def _require(self, conversation_id: int) -> None:
        found = self._database.execute("SELECT 1 FROM conversation WHERE id = ?", (conversation_id,))
        if found.fetchone() is None:
            raise InvalidRequest(
                f"There is no conversation {conversation_id}.", "`workbench chats` lists them."
            )

    def _touch(self, database: sqlite3.Connection, conversation_id: int) -> None:
        self._require(conversation_id)
        database.execute("UPDATE conversation SET updated = ? WHERE id = ?", (_now(), conversation_id))


def messages_in(database: sqlite3.Connection, conversation_id: int) -> tuple[Message, ...]:
    """The turns of a conversation, in the order they were said."""
    rows = database.execute(
        """SELECT role, content, reasoning, tool_calls, tool_call_id, name
           FROM message WHERE conversation_id = ? ORDER BY id""",
        (conversation_id,),
    )
    return tuple(_message(*row) for row in rows)


def answered(conversation: Conversation) -> Conversation:
    """The conversation without questions that were never answered, such as one asked before a crash."""
    messages = conversation.messages
    following = [*(message.role for message in messages[1:]), "user"]
    return Conversation(
        tuple(
            message
            for message, role in zip(messages, following, strict=False)
            if (message.role, role) != ("user", "user")
        )
    )


def _beside(message: Message) -> tuple[str, str, str, str]:
    """What a turn holds beside its text."""
    calls = json.dumps([asdict(call) for call in message.tool_calls], ensure_ascii=False)
    return message.reasoning, calls, message.tool_call_id, message.name


def _message(role: Role, content: str, reasoning: str, calls: str, tool_call_id: str, name: str) -> Message:
    called = tuple(ToolCall(**call) for call in json.loads(calls))
    return Message(role, content, reasoning, called, tool_call_id, name)


def _title(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[0][:TITLE_LENGTH].rstrip() if lines else ""


def _cost(finished: Finished | None) -> tuple[str | int | float | None, ...]:
    if finished is None:
        return (None,) * 6
    usage, timings = finished.usage, finished.timings
    return (
        finished.reason,
        usage.prompt_tokens,
        usage.cached_tokens,
        usage.completion_tokens,
        timings.time_to_first_token,
        timings.generation_seconds,
    )


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
