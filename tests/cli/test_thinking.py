"""What a model thinks before it answers, on the command line: told beside the answer, and kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.process import Workbench

TEMPLATE = (
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant: {# <think> </think> #}"
)
SCRIPT = '[[reply]]\ntext = "<think>\\nHm.\\n</think>\\n\\nYes."\n'


@pytest.fixture
def thinker(tmp_path: Path) -> tuple[str, ...]:
    """A script that thinks, and the option that says so."""
    script, template = tmp_path / "thinker.script.toml", tmp_path / "thinking.jinja"
    script.write_text(SCRIPT)
    template.write_text(TEMPLATE)
    return str(script), "--chat-template", str(template)


def test_thoughts_are_told_beside_the_answer(workbench: Workbench, thinker: tuple[str, ...]) -> None:
    done = workbench("run", *thinker, "hello")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Yes.\n", "Hm.\n")
    told = json.loads(workbench("run", *thinker, "hello", "--json").stdout)
    assert (told["text"], told["reasoning"]) == ("Yes.", "Hm.")
    assert told["usage"]["reasoning_tokens"] > 0


def test_thoughts_are_kept_with_the_conversation(workbench: Workbench, thinker: tuple[str, ...]) -> None:
    done = workbench("chat", *thinker, stdin="hello\n")
    assert done.stdout == "Yes.\n" and done.stderr.startswith("Hm.\n")
    kept = json.loads(workbench("chats", "show", "1", "--json").stdout)["messages"]
    assert kept[1] == {"role": "assistant", "content": "Yes.", "reasoning": "Hm."}
    assert "assistant, thinking: Hm." in workbench("chats", "show", "1").stdout


def test_a_budget_ends_them(workbench: Workbench, thinker: tuple[str, ...]) -> None:
    done = workbench("run", *thinker, "hello", "--thinking-budget", "8")
    assert done.returncode == 0 and "Hm." not in done.stderr


def test_a_template_that_is_no_file_is_named(workbench: Workbench, script: str, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.jinja")
    done = workbench("run", script, "hello", "--chat-template", missing)
    assert done.returncode == 2 and missing in done.stderr
    broken = tmp_path / "broken.jinja"
    broken.write_text("{% for %}")
    assert "chat template failed" in workbench("run", script, "hello", "--chat-template", str(broken)).stderr


def test_show_writes_an_example_by_the_template(workbench: Workbench) -> None:
    done = workbench("show", "guide", "--template")
    assert done.stdout.startswith("<|im_start|>system\nAnswer briefly.<|im_end|>\n")
    assert "described to it in words" in done.stderr
    told = json.loads(workbench("show", "guide", "--template", "--json").stdout)
    assert told["format"] == told["tools"] == "described" and told["example"] in done.stdout
