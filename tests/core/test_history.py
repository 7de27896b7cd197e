"""The history store: what goes in comes out, from several processes, after a crash, and on a bad disk."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from workbench import paths
from workbench.chat import history_schema
from workbench.chat.history import TITLE_LENGTH, History
from workbench.conversation import Conversation, Message, ToolCall
from workbench.errors import InvalidRequest, WorkbenchError
from workbench.events import Finished, Timings, Usage

WRITER = """
import sys
from pathlib import Path
from workbench.chat.history import History
from workbench.conversation import Message

with History(Path(sys.argv[1])) as history:
    conversation = history.start("guide")
    print("ready", flush=True)
    for number in range(int(sys.argv[2])):
        history.append(conversation, Message("user", f"line {number}"))
        print(number, flush=True)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "history.sqlite3"


def writer(file: Path, lines: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file), str(lines)], stdout=subprocess.PIPE, text=True
    )


def test_a_conversation_comes_back_as_it_was_said(file: Path) -> None:
    said = (Message("system", "Be brief."), Message("user", "Hé?\nyes"), Message("assistant", "Ja. 🙂"))
    with History(file) as history:
        conversation = history.start("guide")
        for message in said:
            history.append(conversation, message)
    with History(file) as history:
        assert history.conversation(conversation) == Conversation(said)


def test_the_first_user_line_becomes_the_title(file: Path) -> None:
    with History(file) as history:
        conversation = history.start("guide")
        history.append(conversation, Message("system", "Be brief."))
        history.append(conversation, Message("user", "\n" + "x" * 200 + "\nsecond"))
        history.append(conversation, Message("user", "later"))
        assert history.summary(conversation).title == "x" * TITLE_LENGTH


def test_a_given_title_stays(file: Path) -> None:
    with History(file) as history:
        conversation = history.start("guide", "Chosen")
        history.append(conversation, Message("user", "first"))
        assert history.summary(conversation).title == "Chosen"
        history.rename(conversation, "Renamed")
        assert history.summary(conversation).title == "Renamed"


def test_recent_lists_the_last_spoken_in_first(file: Path) -> None:
    with History(file) as history:
        first, second, third = (history.start("guide", name) for name in ("a", "b", "c"))
        history.append(first, Message("user", "again"))
        assert [line.id for line in history.recent()] == [first, third, second]
        assert [line.id for line in history.recent(limit=2)] == [first, third]
        assert history.recent()[0].messages == 1
        assert history.recent()[0].started <= history.recent()[0].updated


def test_delete_takes_the_messages_along(file: Path) -> None:
    with History(file) as history:
        conversation = history.start("guide")
        history.append(conversation, Message("user", "hello"))
        history.delete(conversation)
        assert history.recent() == []
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT count(*) FROM message").fetchone() == (0,)
    database.close()


def test_the_cost_of_an_answer_is_kept(file: Path) -> None:
    with History(file) as history:
        conversation = history.start("guide")
        finished = Finished("stop", Usage(11, 3, 7), Timings(0.25, 1.5))
        history.append(conversation, Message("assistant", "done"), finished)
    with sqlite3.connect(file) as database:
        row = database.execute(
            "SELECT finish_reason, prompt_tokens, cached_tokens, completion_tokens,"
            " time_to_first_token, generation_seconds FROM message"
        ).fetchone()
    database.close()
    assert row == ("stop", 11, 3, 7, 0.25, 1.5)


@pytest.mark.parametrize("use", ["append", "conversation", "rename", "delete", "summary"])
def test_an_unknown_conversation_is_named(file: Path, use: str) -> None:
    extra = {"append": (Message("user", "x"),), "rename": ("x",)}.get(use, ())
    with History(file) as history, pytest.raises(InvalidRequest, match="no conversation 7"):
        getattr(history, use)(7, *extra)


def test_processes_write_at_once_and_nothing_is_lost(file: Path) -> None:
    writers = [writer(file, 40) for _ in range(3)]
    for process in writers:
        process.communicate(timeout=60)
        assert process.returncode == 0
    with History(file) as history:
        assert [line.messages for line in history.recent()] == [40, 40, 40]


def test_a_killed_writer_loses_no_line_that_it_was_told_is_kept(file: Path) -> None:
    process = writer(file, 100_000)
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "25":
            os.kill(process.pid, signal.SIGKILL)
            break
    last = [int(word) for word in process.stdout.read().split() if word.isdigit()]
    process.wait()
    process.stdout.close()
    with History(file) as history:
        kept = history.conversation(history.recent()[0].id).messages
        assert len(kept) > max([25, *last])
        assert [message.content for message in kept] == [f"line {number}" for number in range(len(kept))]
        history.append(history.recent()[0].id, Message("user", "still writable"))


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorkbenchError, match="cannot be used") as caught:
        History(tmp_path / "file" / "history.sqlite3")
    assert "can be written" in caught.value.remedy


def test_a_read_only_file_is_read_and_refuses_to_be_written(file: Path) -> None:
    with History(file) as history:
        conversation = history.start("guide", "kept")
        history._database.execute("PRAGMA query_only = ON")
        assert history.recent()[0].title == "kept"
        with pytest.raises(WorkbenchError, match="readonly"):
            history.append(conversation, Message("user", "x"))


def test_a_full_disk_is_explained_and_the_store_goes_on(file: Path) -> None:
    with History(file) as history:
        conversation = history.start("guide")
        pages = history._database.execute("PRAGMA page_count").fetchone()[0]
        history._database.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(WorkbenchError, match="full"):
            history.append(conversation, Message("user", "x" * 1_000_000))
        history._database.execute("PRAGMA max_page_count = 100000")
        history.append(conversation, Message("user", "fits"))
        assert len(history.conversation(conversation).messages) == 1


def test_a_file_that_is_no_database_is_explained(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"not a database at all" * 100)
    with pytest.raises(WorkbenchError, match="not a database"):
        History(file)


def test_a_newer_file_is_refused(file: Path) -> None:
    with History(file) as history:
        history._database.execute("PRAGMA user_version = 99")
    with pytest.raises(WorkbenchError, match="newer version"):
        History(file)


def test_the_default_place_is_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    with History() as history:
        assert history.path == paths.history_file() == tmp_path / "data" / "history.sqlite3"


def test_thoughts_and_calls_are_kept(file: Path) -> None:
    turns = (
        Message("user", "hi"),
        Message("assistant", "", "Hm.", (ToolCall("a", "weather", '{"city": "Römer"}'),)),
        Message("tool", "sun", tool_call_id="a", name="weather"),
    )
    with History(file) as history:
        conversation = history.start("guide")
        for turn in turns:
            history.append(conversation, turn)
        assert history.conversation(conversation).messages == turns


def test_a_file_of_the_first_form_is_brought_to_the_present_one(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as database:
        for statement in history_schema.MIGRATIONS[0]:
            database.execute(statement)
        database.execute("INSERT INTO conversation VALUES (1, 'kept', 'guide', 0, 0)")
        database.execute(
            "INSERT INTO message (conversation_id, role, content, written) VALUES (1, 'user', 'hi', 0)"
        )
        database.execute("PRAGMA user_version = 1")
        database.commit()
    with History(file) as history:
        history.append(1, Message("assistant", "Yes.", "Hm."))
        assert history.conversation(1).messages == (
            Message("user", "hi"),
            Message("assistant", "Yes.", "Hm."),
        )
