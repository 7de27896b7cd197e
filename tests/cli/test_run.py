"""`workbench run` as a person calls it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.process import Workbench
from tests.llama_cpp import guide_drafts

ANSWER = "Yes. Ünïcode, too 🙂 and on it goes, longer than a line of a terminal is wide, to its very end.\n"
WEATHER = "I do not look out of the window.\n"


def test_the_answer_and_nothing_else_is_on_standard_output(workbench: Workbench, script: str) -> None:
    done = workbench("run", script, "hello")
    assert (done.returncode, done.stdout, done.stderr) == (0, ANSWER, "")


def test_the_speed_is_told_when_asked(workbench: Workbench, model: str) -> None:
    done = workbench("run", model, "What can you do?", "--verbose", "--max-tokens", "8")
    assert done.returncode == 0
    assert done.stdout.strip()
    speed = done.stderr.splitlines()[-1]
    assert " tokens/s, first token after " in speed and speed.endswith(" context")


def test_a_prompt_is_read_from_standard_input(workbench: Workbench, script: str) -> None:
    for arguments in (["run", script], ["run", script, "-"]):
        done = workbench(*arguments, stdin="How is the weather?\n")
        assert (done.returncode, done.stdout) == (0, WEATHER)


def test_what_is_piped_in_follows_the_prompt(workbench: Workbench, script: str) -> None:
    done = workbench("run", script, "hello", "--json", stdin="weather")
    alone = workbench("run", script, "hello", "--json")
    assert json.loads(done.stdout)["text"] + "\n" == WEATHER
    added = len("\n\nweather")
    before, after = (json.loads(one.stdout)["usage"]["prompt_tokens"] for one in (alone, done))
    assert after - before == added


def test_no_prompt_at_all_is_a_mistake_of_usage(workbench: Workbench, script: str) -> None:
    assert "Give a PROMPT" in workbench("run", script).stderr
    assert "The prompt is empty" in workbench("run", script, stdin=" \n").stderr
    assert workbench("run", script, "").returncode == 2


def test_json_is_one_document(workbench: Workbench, model: str) -> None:
    done = workbench("run", model, "What can you do?", "--json", "--temperature", "0", "--max-tokens", "6")
    document = json.loads(done.stdout)
    assert document["text"]
    assert document["finish_reason"] == "length"
    assert document["usage"]["completion_tokens"] == 6
    assert document["usage"]["prompt_tokens"] > 0
    assert document["timings"]["time_to_first_token"] > 0
    assert document["timings"]["tokens_per_second"] > 0


@pytest.mark.slow
def test_with_a_draft_model_the_answer_is_the_same(workbench: Workbench, tmp_path: Path) -> None:
    draft = str(guide_drafts.cut(tmp_path / "draft.gguf"))
    asked = ("run", "guide", "What can you do?", "--temperature", "0", "--max-tokens", "40", "--json")
    plain, drafted = (json.loads(workbench(*asked, *more).stdout) for more in ((), ("--draft", draft)))
    assert drafted["text"] == plain["text"]
    assert 0 <= drafted["usage"]["accepted_tokens"] <= drafted["usage"]["drafted_tokens"]


@pytest.mark.slow
def test_a_draft_model_that_does_not_match_is_refused_in_a_sentence(
    workbench: Workbench, script: str, tmp_path: Path
) -> None:
    other = str(guide_drafts.renamed(tmp_path / "other.gguf", 300, "elsewhere"))
    done = workbench("run", "guide", "hello", "--draft", other)
    assert done.returncode == 2 and "other.gguf cannot draft for guide.gguf" in done.stderr
    assert "no draft" in workbench("run", script, "hello", "--draft", "guide").stderr
    assert "one MODEL" in workbench("serve", "guide", script, "--draft", "guide").stderr


def test_an_answer_that_was_cut_says_so(workbench: Workbench, script: str) -> None:
    cut = workbench("run", script, "hello", "--max-tokens", "3")
    assert (cut.stdout, cut.stderr) == (
        "Yes\n",
        "The answer ends here: it has as many tokens as --max-tokens allows.\n",
    )
    full = workbench("run", script, "hello", "--context", "40")
    assert "the context of 40 tokens is full (--context)" in full.stderr


def test_a_stop_string_ends_the_answer_before_it(workbench: Workbench, script: str) -> None:
    assert workbench("run", script, "hello", "--stop", ", too").stdout == "Yes. Ünïcode\n"


def test_raw_text_goes_round_the_template(workbench: Workbench, script: str) -> None:
    done = workbench("run", script, "--raw", "weather", "--json")
    assert json.loads(done.stdout)["usage"]["prompt_tokens"] == len("weather")
    assert workbench("run", script, "--raw", "x", "--system", "y").returncode == 2


def test_a_system_message_comes_first(workbench: Workbench, script: str) -> None:
    plain = json.loads(workbench("run", script, "hello", "--json").stdout)
    guided = json.loads(workbench("run", script, "hello", "--json", "--system", "Be brief.").stdout)
    added = len("system: Be brief.\n")
    assert guided["usage"]["prompt_tokens"] - plain["usage"]["prompt_tokens"] == added


@pytest.mark.slow
def test_the_same_seed_gives_the_same_answer(workbench: Workbench) -> None:
    flags = ("--temperature", "1.5", "--max-tokens", "12", "--json")
    texts = {
        seed: json.loads(workbench("run", "guide", "Hello", "--seed", seed[0], *flags).stdout)["text"]
        for seed in ("1", "1 again")
    }
    assert texts["1"] == texts["1 again"]


def test_bytes_that_are_no_text_do_no_harm(workbench: Workbench, script: str) -> None:
    process = workbench.start("run", script, "-", stdin=subprocess.PIPE)
    out, err = process.communicate(b"weather \xff\xfe\n", timeout=60)
    assert (process.returncode, out.decode(), err) == (0, WEATHER, b"")


def test_an_output_that_knows_no_such_letters_gets_a_substitute(workbench: Workbench, script: str) -> None:
    done = workbench("run", script, "hello", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout[:12]) == (0, "Yes. ?n?code")


def test_on_a_terminal_the_speed_follows_the_answer(workbench: Workbench, script: str) -> None:
    terminal = workbench.on_terminal("run", script, "weather")
    terminal.wait_for("window.")
    terminal.wait_for("tokens/s, first token after ")
    assert terminal.end() == 0
    assert "\x1b[2m" not in terminal.seen


@pytest.mark.slow
def test_the_answer_takes_the_form_that_is_asked_for(workbench: Workbench, tmp_path: Path) -> None:
    schema, grammar = tmp_path / "schema.json", tmp_path / "grammar.gbnf"
    schema.write_text('{"enum": ["left", "right"]}')
    grammar.write_text('root ::= "x" [0-4]\n')
    for option, value, expected in (
        ("--json-schema", str(schema), '"(left|right)"'),
        ("--grammar", str(grammar), "x[0-4]"),
    ):
        done = workbench("run", "guide", "Which way?", option, value)
        assert done.returncode == 0 and re.fullmatch(expected, done.stdout.strip())


@pytest.mark.slow
def test_a_form_that_cannot_be_is_one_sentence(workbench: Workbench, tmp_path: Path) -> None:
    for options, named in (
        (["--json-schema", '{"type": "strange"}'], "strange"),
        (["--json-schema", '{"type":'], "line 1 column 9"),
        (["--json-schema", str(tmp_path / "nowhere.json")], "nowhere.json"),
        (["--grammar", str(tmp_path / "nowhere.gbnf")], "nowhere.gbnf"),
        (["--grammar", "a", "--json-schema", "{}"], "both"),
    ):
        done = workbench("run", "guide", "Which way?", *options)
        assert done.returncode == 2 and named in done.stderr and not done.stdout
        assert "Traceback" not in done.stderr
