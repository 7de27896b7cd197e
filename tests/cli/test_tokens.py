"""`workbench tokens`: counting, showing and cutting by a model's own tokenizer, without its weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import workbench_guide
from tests.cli.process import Workbench
from workbench.gguf import read_header


@pytest.mark.slow
def test_the_count_is_the_answer(workbench: Workbench) -> None:
    done = workbench("tokens", "guide", "Hello wörld 😀")
    assert (done.returncode, done.stdout, done.stderr) == (0, "11\n", "")
    piped = workbench("tokens", "guide", stdin="Hello wörld 😀")
    assert piped.stdout == done.stdout
    assert workbench("tokens", "guide", "-", stdin="Hello wörld 😀").stdout == done.stdout
    assert workbench("tokens", "guide", stdin="").stdout == "0\n"


def test_the_document_has_counts_of_each_text(workbench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Hello there")
    (tmp_path / "b.txt").write_bytes(b"a\xffb")
    files = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    done = workbench("tokens", "guide", "--in", files[0], "--in", files[1], "--json")
    document = json.loads(done.stdout)
    assert [text["source"] for text in document["texts"]] == files
    assert document["tokens"] == sum(text["tokens"] for text in document["texts"]) > 3
    assert [text["characters"] for text in document["texts"]] == [11, 3]
    assert "b.txt is not all UTF-8" in done.stderr
    rows = [
        line.split()
        for line in workbench("tokens", "guide", "--in", files[0], "--in", files[1]).stdout.splitlines()
    ]
    assert rows[-1] == [str(document["tokens"]), "in", "all"]


def test_each_token_is_shown_and_none_steers_the_terminal(workbench: Workbench) -> None:
    shown = workbench("tokens", "guide", "--show", "Hé\x1b[31m\n")
    assert shown.stdout.isascii() and "\x1b" not in shown.stdout
    assert '"\\xc3"' in shown.stdout and '"\\n"' in shown.stdout and "\\u001b" in shown.stdout
    special = json.loads(
        workbench("tokens", "guide", "<|im_start|>x", "--special", "--show", "--json").stdout
    )
    assert special["texts"][0]["pieces"][0] == {"id": 1, "text": "<|im_start|>"}
    plain = json.loads(workbench("tokens", "guide", "<|im_start|>x", "--json").stdout)
    assert plain["tokens"] > special["tokens"]


@pytest.mark.slow
def test_a_cut_is_written_as_it_is(workbench: Workbench) -> None:
    for most, cut in (
        (3, "Hello w"),
        (4, "Hello wö"),
        (8, "Hello wörld "),
        (11, "Hello wörld 😀"),
        (99, "Hello wörld 😀"),
    ):
        assert workbench("tokens", "guide", "Hello wörld 😀", "--truncate", str(most)).stdout == cut
    document = json.loads(workbench("tokens", "guide", "Hello wörld 😀", "--truncate", "4", "--json").stdout)
    assert (document["text"], document["tokens"]) == ("Hello wö", 4)


def test_the_weights_are_not_needed(workbench: Workbench, tmp_path: Path) -> None:
    """A model of 40 GB on a disk that holds none of its weights."""
    header = read_header(workbench_guide.PATH)
    large = tmp_path / "large.gguf"
    large.write_bytes(workbench_guide.PATH.read_bytes()[: header.file_size // 2])
    with large.open("r+b") as file:
        file.truncate(40 << 30)
    assert large.stat().st_blocks * 512 < header.file_size
    assert workbench("tokens", str(large), "Hello wörld 😀").stdout == "11\n"


@pytest.mark.slow
def test_mistakes_are_one_sentence(workbench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "large.txt").write_bytes(b"a" * (16 << 20) + b"b")
    (tmp_path / "broken.gguf").write_bytes(b"GGUF and nothing more")
    wrong = {
        ("guide", "text", "--in", "x"): 2,
        ("guide", "text", "--show", "--truncate", "3"): 2,
        ("guide", "--in", "a", "--in", "b", "--truncate", "3"): 2,
        ("guide", "text", "--truncate", "-1"): 2,
        ("guide", "--in", str(tmp_path / "none.txt")): 2,
        ("guide", "--in", str(tmp_path)): 2,
        ("guide", "--in", str(tmp_path / "large.txt")): 2,
        ("no-such-model", "text"): 3,
        (str(tmp_path / "broken.gguf"), "text"): 4,
    }
    for arguments, code in wrong.items():
        done = workbench("tokens", *arguments)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert "Traceback" not in done.stderr and done.stderr


def test_on_a_terminal_it_wants_a_text(workbench: Workbench) -> None:
    terminal = workbench.on_terminal("tokens", "guide")
    assert terminal.end() == 2
