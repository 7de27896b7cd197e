"""`workbench chat` over a pipe and on a terminal, and what the history keeps of it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.cli.process import Workbench

ANSWER = "Yes. Ünïcode, too 🙂 and on it goes, longer than a line of a terminal is wide, to its very end."
WEATHER = "I do not look out of the window."


def kept(workbench: Workbench, conversation: int) -> list[str]:
    shown: dict[str, Any] = json.loads(workbench("chats", "show", str(conversation), "--json").stdout)
    return [f"{message['role']}: {message['content']}" for message in shown["messages"]]


def test_lines_from_a_pipe_are_turns_and_are_kept(workbench: Workbench, script: str) -> None:
    done = workbench("chat", script, "--system", "Be brief.", stdin="hello\n\nHow is the weather?\n")
    assert (done.returncode, done.stdout) == (0, f"{ANSWER}\n{WEATHER}\n")
    assert done.stderr.count(" tokens/s, first token after ") == 2
    assert f"`workbench chat {script} --continue 1`" in done.stderr
    assert kept(workbench, 1) == [
        "system: Be brief.",
        "user: hello",
        f"assistant: {ANSWER}",
        "user: How is the weather?",
        f"assistant: {WEATHER}",
    ]


def test_the_bundled_model_converses(workbench: Workbench) -> None:
    done = workbench("chat", "guide", "--max-tokens", "8", "--temperature", "0", stdin="hello\nagain\n")
    assert done.returncode == 0
    roles = [turn.partition(":")[0] for turn in kept(workbench, 1)]
    assert roles == ["user", "assistant"] * 2
    assert all(turn.partition(": ")[2] for turn in kept(workbench, 1))


def test_commands_are_not_sent_to_the_model(workbench: Workbench, script: str) -> None:
    done = workbench("chat", script, stdin="hello\n/help\n/new\nHow is the weather?\n/exit\nnever\n")
    assert done.stdout == f"{ANSWER}\n{WEATHER}\n"
    assert "begin a new conversation" in done.stderr
    assert kept(workbench, 1) == ["user: hello", f"assistant: {ANSWER}"]
    assert kept(workbench, 2) == ["user: How is the weather?", f"assistant: {WEATHER}"]


@pytest.mark.slow
def test_a_conversation_goes_on_where_it_ended(workbench: Workbench, script: str) -> None:
    workbench("chat", script, stdin="hello\n")
    first = workbench("chat", script, "--continue", "1", stdin="hello\n").stderr
    again = workbench("chat", script, stdin="hello\n").stderr
    assert len(kept(workbench, 1)) == 4
    used = [int(told.split(" of 4096 context")[0].split()[-1]) for told in (first, again)]
    assert used[0] > used[1]


def test_an_unknown_conversation_is_told_before_the_model_is_loaded(
    workbench: Workbench, script: str
) -> None:
    refused = workbench("chat", script, "--continue", "9", stdin="hello\n")
    assert refused.returncode == 2
    assert refused.stderr.startswith("There is no conversation 9.")


def test_an_error_ends_a_piped_conversation(workbench: Workbench, script: str) -> None:
    done = workbench("chat", script, "--context", "30", stdin="a question that is too long for it\nhello\n")
    assert done.returncode == 2
    assert "the context holds 30" in done.stderr


def test_a_history_that_cannot_be_kept_is_told(workbench: Workbench, script: str) -> None:
    workbench.home.write_text("in the way")
    done = workbench("chat", script, stdin="hello\n")
    assert done.returncode == 1
    assert done.stderr.startswith("The history of conversations at ") and "can be written" in done.stderr


def test_on_a_terminal_a_turn_is_typed_and_its_speed_shown(workbench: Workbench, script: str) -> None:
    terminal = workbench.on_terminal("chat", script)
    terminal.wait_for("/help lists the commands.")
    terminal.wait_for("> ")
    terminal.type("How is the weather?\n")
    terminal.wait_for(WEATHER)
    terminal.wait_for(" context")
    terminal.wait_for("> ")
    terminal.type("\x04")
    assert terminal.end() == 0
    assert "Conversation 1 is kept." in terminal.seen


def test_ctrl_c_stops_the_answer_and_keeps_it(workbench: Workbench, slow_script: str) -> None:
    terminal = workbench.on_terminal("chat", slow_script, columns=40)
    terminal.wait_for("> ")
    terminal.type("hello\n")
    terminal.wait_for("tokens/s")
    terminal.type("\x03")
    terminal.wait_for("> ")
    time.sleep(0.5)  # a line editor that has only begun to wait hears the next key first
    terminal.type("\x03")
    terminal.wait_for("Ctrl+D or /exit leaves.")
    terminal.type("/exit\n")
    assert terminal.end() == 0
    question, answer = kept(workbench, 1)
    assert question == "user: hello"
    said = answer.removeprefix("assistant: ")
    assert said and said != ANSWER and ANSWER.startswith(said)


def test_an_error_on_a_terminal_leaves_the_conversation_open(workbench: Workbench, script: str) -> None:
    terminal = workbench.on_terminal("chat", script, "--context", "40")
    terminal.wait_for("> ")
    terminal.type("a question that is far too long for that context\n")
    terminal.wait_for("the context holds 40")
    terminal.wait_for("> ")
    terminal.type("weather\n")
    terminal.wait_for("I do not look")
    terminal.wait_for("> ")
    terminal.type("/exit\n")
    assert terminal.end() == 0
