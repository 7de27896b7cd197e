"""Personal data, secrets and rows of tests that were planted are found; what only looks like them stays."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import workbench_guide
from tests.datasets.planting import Planted, made, planted, rows_in
from workbench.chat.history import History
from workbench.conversation import Message, ToolCall
from workbench.datasets.findings import Findings
from workbench.datasets.forms.rows import row_of
from workbench.datasets.operation import RowOperation
from workbench.datasets.recipe import Recipe, changed, named, parse
from workbench.datasets.row import Origin, Rejection, Row, RowImage
from workbench.datasets.target.lending import lend
from workbench.errors import InvalidRequest
from workbench_recipes.operations.personal_data import PersonalData
from workbench_recipes.operations.secrets import Secrets

PERSONAL = {
    "jane.doe+x@mail.firm.co.uk": "email",
    "DE89 3704 0044 0532 0130 00": "iban",
    "GB82WEST12345698765432": "iban",
    "4111 1111 1111 1111": "card",
    "5500-0000-0000-0004": "card",
    "+49 30 901820": "phone",
    "(415) 555-2671": "phone",
    "415-555-2671": "phone",
    "8.8.8.8": "ip",
}
NOT_PERSONAL = [
    "me@example.com", "a @ b", "DE89 3704 0044 0532 0130 02", "4111 1111 1111 1112", "1234567890123456",
    "192.168.0.1", "127.0.0.1", "999.1.1.1", "1.2.3", "2024-01-15", "3.14159265358979", "x = 12 + 345 - 6789",
    "1 000 000 000", "page 123-456", "version 10.2.1",
]  # fmt: skip
SECRETS = [
    "AKIA" + "ABCDEFGH23456789"[:16],
    "ghp_" + "a1B2" * 9,
    "sk-ant-" + "api03-" + "x9" * 20,
    "sk-proj-" + "Zz9_" * 12,
    "hf_" + "abcDEF" * 6,
    "AIza" + "S" * 35,
    "xoxb-" + "1234567890-abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0." + "s" * 20,
    "postgres://admin:hunter2@db.firm.com",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nxyz\n-----END RSA PRIVATE KEY-----",
]
NOT_SECRETS = [
    "sk-learn",
    "https://host.org/@user",
    "hf_hub",
    "http://a.b/c:d@e",
    "AKIA is a prefix",
    "the ghp_ form",
]
ORIGIN = Origin("rows.jsonl", 1)


def applied(operation: RowOperation, text: str) -> Row | Rejection:
    row = operation.apply(Row(origin=ORIGIN, text=text), Findings())
    assert isinstance(row, Row | Rejection)
    return row


@pytest.mark.parametrize(("text", "kind"), PERSONAL.items())
def test_personal_data_is_replaced_by_its_kind(text: str, kind: str) -> None:
    row = applied(PersonalData(), f"Write to {text}, please.")
    assert isinstance(row, Row)
    assert row.text == f"Write to [{kind}], please."


@pytest.mark.parametrize("text", NOT_PERSONAL)
def test_what_only_looks_like_personal_data_stays(text: str) -> None:
    row = Row(origin=ORIGIN, text=f"It says {text}, here.")
    assert PersonalData().apply(row, Findings()) is row


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_are_replaced(text: str) -> None:
    row = applied(Secrets(), f"The key is {text} there.")
    assert isinstance(row, Row)
    assert "[secret]" in row.text
    assert "hunter2" not in row.text
    assert isinstance(applied(Secrets(set_aside=True), text), Rejection)


@pytest.mark.parametrize("text", NOT_SECRETS)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    row = Row(origin=ORIGIN, text=f"It says {text} here.")
    assert Secrets().apply(row, Findings()) is row


def test_every_field_is_looked_through_and_images_keep_their_places() -> None:
    mail = "ann@firm.com"
    row = Row(
        origin=ORIGIN,
        messages=(
            Message("user", f"See {mail} and  there"),
            Message(
                "assistant", "", reasoning=mail, tool_calls=(ToolCall("a", "look", f'{{"to":"{mail}"}}'),)
            ),
            Message("tool", mail),
            Message("assistant", "So."),
        ),
        images=(RowImage("a.png", 0, 21),),
    )
    told = PersonalData().apply(row, Findings())
    assert isinstance(told, Row)
    assert mail not in repr(told)
    assert told.messages[0].content[: told.images[0].at] == "See [email] and "
    assert json.loads(told.messages[1].tool_calls[0].arguments) == {"to": "[email]"}


def test_planted_data_is_found_all_of_it_and_nothing_else(tmp_path: Path) -> None:
    dice = random.Random(3)
    lines, personal, secret = [], 0, 0
    for line in planted(300, exact=0, near=0).lines:
        value = json.loads(line)
        if dice.random() < 0.2:
            value["messages"][1]["content"] += f" {dice.choice(list(PERSONAL))} "
            personal += 1
        elif dice.random() < 0.2:
            value["messages"][0]["content"] += f" {dice.choice(SECRETS)} "
            secret += 1
        else:
            value["messages"][1]["content"] += f" {dice.choice(NOT_PERSONAL + NOT_SECRETS)} "
        lines.append(json.dumps(value).encode())
    recipe = parse(
        'summary = "x"\n[[steps]]\noperation = "secrets"\n[[steps]]\noperation = "personal-data"', "x"
    )
    path = Planted(lines).write(tmp_path / "rows.jsonl")
    outcome = made(recipe, path, target=tmp_path / "set")
    assert {one.rule: one.count for one in outcome.findings} == {"personal-data": personal, "secret": secret}
    assert outcome.rows_out == 300


def test_rows_of_a_test_are_set_aside_and_others_stay(tmp_path: Path) -> None:
    found = planted(200, exact=0, near=0)
    asked: list[Any] = [json.loads(line)["messages"] for line in found.lines[:20]]
    tests = tmp_path / "test.jsonl"
    tests.write_text(
        "".join(json.dumps({"question": one[0]["content"], "answer": "x"}) + "\n" for one in asked)
    )
    for number, messages in enumerate(asked[:10]):  # hidden within another row, in other case and spacing
        words = " ".join(messages[0]["content"].upper().split()[:15])
        found.lines[100 + number] = json.dumps({"text": f"Now:  {words}\n and more."}).encode()
    path = found.write(tmp_path / "rows.jsonl")
    recipe = changed(named("decontaminate"), {"decontaminate.against": [str(tests)]})
    outcome = made(recipe, path, sample=10_000)
    assert outcome.rejected == {"contaminated": 30}
    example = outcome.findings[0].examples[0]
    assert (example.origin.line, str(tests) in example.message) == (1, True)


def test_nothing_to_compare_with_is_said(tmp_path: Path) -> None:
    path = planted(5).write(tmp_path / "rows.jsonl")
    with pytest.raises(InvalidRequest, match="compared with"):
        made("decontaminate", path, target=tmp_path / "set")
    (tmp_path / "broken.jsonl").write_text('{"a":\n')
    recipe = changed(named("decontaminate"), {"decontaminate.against": [str(tmp_path / "broken.jsonl")]})
    with pytest.raises(InvalidRequest, match="Row 1 of"):
        made(recipe, path, target=tmp_path / "set")


def test_a_mix_takes_of_each_file_its_share(tmp_path: Path) -> None:
    paths = [
        planted(rows, exact=0, near=0, seed=rows).write(tmp_path / f"{name}.jsonl")
        for name, rows in (("large", 400), ("small", 100))
    ]
    shares = {"mix.shares": {"large": 2, "small": 1}}
    assert made(changed(named("mix"), shares), *paths, sample=10_000).rows_out == 300
    limited = shares | {"mix.most_rows": 150}
    assert made(changed(named("mix"), limited), *paths, sample=10_000).rejected == {"not-drawn": 350}
    even = changed(named("mix"), {"mix.temperature": 1e9})
    assert made(even, *paths, sample=10_000).rows_out == 200
    assert made("mix", *paths, sample=10_000).rows_out == 500
    copied = tmp_path / "copied.jsonl"
    copied.write_bytes(paths[1].read_bytes())
    with pytest.raises(InvalidRequest, match=r"No row of .*copied"):
        made(
            changed(named("mix"), {"mix.shares": {"small": 1, "copied": 1}}), paths[1], copied, sample=10_000
        )
    with pytest.raises(InvalidRequest, match="tiny"):
        made(changed(named("mix"), {"mix.shares": {"tiny": 1}}), *paths, sample=10_000)


def test_conversations_with_the_workbench_become_rows(tmp_path: Path) -> None:
    with History(tmp_path / "history.sqlite3") as history:
        for question in ("Who is ann@firm.com?", "Why is the sky blue?"):
            chat = history.start("guide")
            history.append(chat, Message("user", question))
            history.append(chat, Message("assistant", f"You asked: {question}"))
            history.append(chat, Message("user", "And then?"))
        before = (tmp_path / "history.sqlite3").read_bytes()
        made("from-chats", tmp_path / "history.sqlite3", target=tmp_path / "set")
        assert (tmp_path / "history.sqlite3").read_bytes() == before
    rows = [
        row for name in ("train", "valid") for row in rows_in(tmp_path / "set" / "messages" / f"{name}.jsonl")
    ]
    assert len(rows) == 2
    assert "ann@firm.com" not in repr(rows)
    assert "You asked: Who is [email]?" in repr(rows)
    assert "And then?" not in repr(rows)


def test_a_mix_is_shared_out_in_tokens_where_a_model_is_named(tmp_path: Path) -> None:
    long, short = (
        planted(200, exact=0, near=0, seed=words, most_words=words).write(tmp_path / f"{name}.jsonl")
        for name, words in (("long", 300), ("short", 70))
    )
    shares: dict[str, Any] = {"mix.shares": {"long": 1, "short": 1}, "near-duplicates.threshold": 1.0}
    recipe = changed(named("mix"), shares)

    of_long = [row["messages"] for row in rows_in(long)]

    def taken(recipe: Recipe, name: str, **more: Any) -> dict[str, tuple[int, int]]:
        """Rows and tokens of each file."""
        made(recipe, long, short, target=tmp_path / name, **more)
        kept = [row for file in (tmp_path / name / "messages").glob("*.jsonl") for row in rows_in(file)]
        lent = lend(str(workbench_guide.PATH))
        told = {"long": [0, 0], "short": [0, 0]}
        for row in kept:
            of = told["long" if row["messages"] in of_long else "short"]
            of[0] += 1
            of[1] += lent.token_counts([row_of(row, ORIGIN)])[0]
        lent.give_back()
        return {file: (rows, tokens) for file, (rows, tokens) in told.items()}

    by_tokens = taken(recipe, "tokens", model=workbench_guide.PATH)
    assert by_tokens["short"][0] > 190 > by_tokens["long"][0]
    assert by_tokens["long"][1] == pytest.approx(by_tokens["short"][1], rel=0.03)
    limited = changed(recipe, {"mix.most_tokens": 20_000})
    some = taken(limited, "limited", model=workbench_guide.PATH)
    assert sum(tokens for _, tokens in some.values()) == pytest.approx(20_000, rel=0.05)
    assert taken(changed(recipe, {"mix.by": "rows"}), "rows", model=workbench_guide.PATH)["long"][0] == 200
    with pytest.raises(InvalidRequest, match="needs the model"):
        made(changed(recipe, {"mix.by": "tokens"}), long, short, sample=9)
    with pytest.raises(InvalidRequest, match="limited in tokens and shared out in rows"):
        made(limited, long, short, sample=9)
