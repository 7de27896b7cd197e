"""The tables of the history and the steps from each earlier form to the present one.

Knows nothing of what the tables are used for.
"""

from __future__ import annotations

from workbench.database import Migrations

MIGRATIONS: Migrations = (
    (
        """CREATE TABLE conversation (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            title TEXT NOT NULL,
            model TEXT NOT NULL,
            started REAL NOT NULL,
            updated REAL NOT NULL
        )""",
        """CREATE TABLE message (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation_id INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
            role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool')),
            content TEXT NOT NULL,
            written REAL NOT NULL,
            finish_reason TEXT,
            prompt_tokens INTEGER,
            cached_tokens INTEGER,
            completion_tokens INTEGER,
            time_to_first_token REAL,
            generation_seconds REAL
        )""",
        "CREATE INDEX message_of_conversation ON message (conversation_id, id)",
        "CREATE INDEX conversation_by_update ON conversation (updated)",
    ),
    (
        "ALTER TABLE message ADD COLUMN reasoning TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE message ADD COLUMN tool_calls TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE message ADD COLUMN tool_call_id TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE message ADD COLUMN name TEXT NOT NULL DEFAULT ''",
    ),
)
