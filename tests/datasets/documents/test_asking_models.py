"""Questions about documents: asked once, kept through a kill, and only with quotes that are there."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import workbench_guide
from tests.cli.process import COMMAND
from tests.datasets.documents.docx_files import write
from tests.datasets.planting import made, rows_in
from tests.remote.double import Answer as Reply
from tests.remote.double import delta, double, end
from workbench.datasets.asking.answers import Answer, Answers
from workbench.datasets.recipe import changed, named
from workbench.errors import InvalidRequest
from workbench.generation import Generation
from workbench_recipes.operations.questions import pairs_in

FILLING = "This sentence makes the passage long enough that it is asked about, and says nothing else. " * 2


def passage(number: int) -> str:
    return f"# Machine {number}\n\n{FILLING}\n\nThe machine   number\n{number} weighs {number * 7} kilograms."


def pair(number: int, quote: str) -> dict[str, str]:
    return {"question": f"What does machine {number} weigh?", "quote": quote, "answer": f"{number * 7} kg."}


def script(folder: Path, replies: dict[str, str], pause: float = 0.0) -> Path:
    told = "".join(
        f"[[reply]]\nwhen = {json.dumps(when)}\ntext = {json.dumps(text)}\n" for when, text in replies.items()
    )
    return write(folder, "model.script.toml", f"pause = {pause}\n{told}".encode())


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for number in range(1, 7):
        write(tmp_path / "in", f"{number}.md", passage(number).encode())
    return tmp_path / "in"


def replies() -> dict[str, str]:
    quotes = {number: f"number {number} weighs {number * 7} kilograms" for number in range(1, 7)}
    good = json.dumps({"pairs": [pair(1, quotes[1]), pair(1, "weighs\n7  kilograms")]})
    return {
        "1 weighs": good,
        "2 weighs": json.dumps({"pairs": [pair(2, "weighs 15 kilograms")]}),
        "3 weighs": f"Here you are:\n```json\n{json.dumps([pair(3, quotes[3])])}\n```",
        "4 weighs": "I cannot do that.",
        "5 weighs": json.dumps({"pairs": [pair(5, quotes[5]), {"question": "Half", "quote": "no answer"}]}),
        "6 weighs": json.dumps(pair(6, "kg")),
    }


def test_only_answers_that_quote_their_passage_stay(documents: Path, tmp_path: Path) -> None:
    model = script(tmp_path, replies())
    recipe = changed(named("docs-to-qa"), {"near-duplicates.threshold": 1.0, "split.valid": 0.0})
    outcome = made(recipe, documents, target=tmp_path / "set", model=model)
    told = rows_in(tmp_path / "set/provenance/train.jsonl")
    asked = [row["messages"][0]["content"] for row in told]  # type: ignore[index]
    assert asked == [f"What does machine {number} weigh?" for number in (1, 3, 5)]
    for row in told:
        meta = row["meta"]
        assert " ".join(meta["quote"].split()) in " ".join(meta["passage"].split())  # type: ignore[index]
        assert meta["heading"].startswith("Machine")  # type: ignore[index]
    rules = {
        Path(str(row["file"])).stem: row["rule"] for row in rows_in(tmp_path / "set/report/quarantine.jsonl")
    }
    assert rules == {"1": "duplicate", "2": "not-quoted", "4": "no-pairs", "6": "no-quote"}
    assert outcome.rows_in + outcome.rows_added == outcome.rows_out + outcome.rows_quarantined
    lock = json.loads((tmp_path / "set/recipe.lock").read_text())
    [step] = [step for step in lock["recipe"]["steps"] if step["operation"] == "questions"]
    assert "copy the words" in step["instruction"]
    assert (lock["model"], bool(lock["model_digest"])) == ("model.script.toml", True)


@pytest.mark.slow
def test_a_killed_run_asks_nothing_again(documents: Path, tmp_path: Path) -> None:
    model = script(tmp_path, replies(), pause=0.004)
    target = tmp_path / "set"
    asked = ("--in", str(documents), "--model", str(model), "-o", str(target))
    command = [*COMMAND, "recipe", "run", "docs-to-qa", *asked]
    begun = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(known(target)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    before = known(target)
    assert 2 <= len(before) < 6
    assert not (target / "recipe.lock").exists()
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    after = known(target)
    assert before.items() <= after.items() and len(after) == 6
    assert "6 rows read" in ended.stdout
    made("docs-to-qa", documents, target=tmp_path / "other", model=model)
    for name in ("messages/train.jsonl", "report/quarantine.jsonl"):
        assert (target / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def known(target: Path) -> dict[int, bytes]:
    """The keys of answers, by a number that is another one where an answer is written again."""
    path = target / ".answers.sqlite3"
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path)) as database:
        try:
            return dict(database.execute("SELECT rowid, key FROM answer").fetchall())
        except sqlite3.OperationalError:
            return {}


def test_later_steps_may_change_without_asking_again(documents: Path, tmp_path: Path) -> None:
    model, target = script(tmp_path, replies()), tmp_path / "set"
    first = made("docs-to-qa", documents, target=target, model=model)
    asked = known(target)
    second = made(
        changed(named("docs-to-qa"), {"quotes.least_characters": 1}), documents, target=target, model=model
    )
    assert known(target) == asked
    assert (first.rejected.get("no-quote"), second.rejected.get("no-quote")) == (1, None)


def test_a_model_is_needed_and_must_be_there(documents: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="needs a model to ask"):
        made("docs-to-qa", documents, target=tmp_path / "set")


async def test_a_model_elsewhere_is_asked_once(documents: Path, tmp_path: Path) -> None:
    broken = True

    def answer(body: dict[str, Any]) -> Reply:
        said = body["messages"][-1]["content"]
        number = int(re.findall(r"number\n(\d)", said)[0])
        if broken and number == 4:
            return Reply({"error": {"message": "out of order"}}, 400)
        told = json.dumps({"pairs": [pair(number, said.rsplit("\n", 1)[1])]})
        return Reply([delta(role="assistant", content=told), end(), "[DONE]"])

    async with double(answer) as server:
        make = partial(made, "docs-to-qa", documents, target=tmp_path / "set", model=server.url)
        outcome = await asyncio.to_thread(make)
        assert (outcome.rows_out, outcome.rejected) == (5, {"refused": 1})
        assert "json_schema" in json.dumps(server.asked[0]["response_format"])
        asked = len(server.asked)
        await asyncio.to_thread(make)
        assert len(server.asked) == asked
    lock = json.loads((tmp_path / "set/recipe.lock").read_text())
    assert "http" not in lock["model"]


def test_the_guide_keeps_to_the_form_and_nothing_disappears(tmp_path: Path) -> None:
    path = write(tmp_path, "a.md", passage(1).encode())
    recipe = changed(named("docs-to-qa"), {"questions.pairs": 1, "questions.most_tokens": 700})
    outcome = made(recipe, path, target=tmp_path / "set", model=workbench_guide.PATH)
    with closing(sqlite3.connect(tmp_path / "set/.answers.sqlite3")) as database:
        [(ended, text)] = database.execute("SELECT ended, text FROM answer").fetchall()
    assert ended == "stop"
    [written] = json.loads(text)["pairs"]
    assert sorted(written) == ["answer", "question", "quote"]
    assert outcome.rows_in == 1 == outcome.rows_out + outcome.rows_quarantined


WHOLE = '{"question": "a", "quote": "q{", "answer": "}"}'
CUT = '{"question": "b", "quote": "'
EMPTY = '{"question": "b", "quote": "q", "answer": ""}'


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        pytest.param(f'{{"pairs": [{WHOLE}, {CUT}', ["a"], id="cut"),
        pytest.param(f"[{WHOLE}, {EMPTY}]", ["a"], id="empty answer"),
        pytest.param(f"Sure.\n```json\n{WHOLE}\n```", ["a"], id="fenced"),
        pytest.param('{"question": "a", "quote": "q", "answer": 1}', [], id="number"),
        pytest.param("{" * 3000, [], id="braces"),
        pytest.param('{"a": ' * 3000, [], id="deep"),
        pytest.param('{"question": "\\ud800", "quote": "q", "answer": "x"}', ["?"], id="surrogate"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_pairs_are_found_in_whatever_a_model_writes(text: str, questions: list[str]) -> None:
    assert [found["question"] for found in pairs_in(text)] == questions


def test_answers_are_kept_for_each_model_and_question(tmp_path: Path) -> None:
    one, other = Answers(tmp_path / "a", "one"), Answers(tmp_path / "a", "other")
    question, longer = Generation(prompt="Why?"), Generation(prompt="Why?", max_tokens=5)
    one.keep(question, Answer("stop", "Because."))
    assert one.of(question) == Answer("stop", "Because.")
    assert other.of(question) is one.of(longer) is None
    one.close()
    other.close()
