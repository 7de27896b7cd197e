"""A server that lies about what it has: what is impossible is left out or refused, never followed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.models.hub.claimant import Claimant, claimant
from workbench.errors import Unreachable, WorkbenchError
from workbench.models.hub import questions
from workbench.models.hub.card import card
from workbench.models.hub.repository import repository
from workbench.models.hub.search import search
from workbench.models.hub.variants import choose, variants

COMMIT = "a" * 40
SHA256 = "b" * 64
GOOD = {"rfilename": "m-Q4_K_M.gguf", "size": 5, "blobId": COMMIT, "lfs": {"sha256": SHA256, "size": 5}}
PATHS = [
    *("../m.gguf", "/etc/passwd", "a/../../m.gguf", "a//m.gguf", "./m.gguf", "a\\m.gguf", "", ".", ".."),
    *("m\x00.gguf", "m\x1b[2J.gguf", "m\n.gguf", "m\u202egguf", "x" * 300, "a/" * 600 + "m"),
    *(None, 5, ["m.gguf"], {"a": 1}, True),
]
SIZES: list[Any] = [-1, 2**70, 1.5, "5", None, True, [5], {}]
WRONG = [
    *(
        b"",
        b"{",
        b"null",
        b"[]",
        b"5",
        b'"x"',
        b"{}",
        b'{"siblings": 5}',
        b'{"siblings": [5]}',
        b"\xff",
        b'{"siblings": [{"rfilename": "\\ud800"}]}',
    ),
    *(b"[" * 100_000, b'{"siblings": ' + b"[" * 100_000, b'{"siblings": [], "sha": "main"}'),
    *(b'{"siblings": [], "sha": 5}', b"<html>Log in</html>"),
]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Claimant]:
    monkeypatch.setattr(questions, "_PAUSES", (0.0,))
    with claimant() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        yield running


def model(*siblings: Any, **fields: Any) -> dict[str, Any]:
    return {"id": "acme/tiny-GGUF", "sha": COMMIT, "siblings": list(siblings), **fields}


@pytest.mark.parametrize("path", PATHS)
def test_names_that_lead_elsewhere_are_left_out(path: Any, server: Claimant) -> None:
    server.answer(model(GOOD, {**GOOD, "rfilename": path}))
    found = repository("acme/tiny-GGUF")
    assert [file.path for file in found.files] == ["m-Q4_K_M.gguf"]
    assert found.left_out == 1


@pytest.mark.parametrize("size", SIZES)
def test_impossible_sizes_are_asked_for_again(size: Any, server: Claimant) -> None:
    server.answer(model({**GOOD, "lfs": {"sha256": SHA256, "size": size}}))
    server.head = {"X-Repo-Commit": COMMIT, "ETag": f'"{SHA256}"', "Content-Length": "7"}
    found = repository("acme/tiny-GGUF")
    assert found.files[0].etag == "" and variants(found)[0].bits_per_weight is None
    (file,) = choose(found, "").files
    assert (file.size_bytes, file.sha256) == (7, SHA256)
    assert server.asked[-1] == f"HEAD /acme/tiny-GGUF/resolve/{COMMIT}/m-Q4_K_M.gguf"


def test_a_mirror_without_sizes_is_asked_for_the_chosen_files_only(server: Claimant) -> None:
    names = ("m-Q4_K_M.gguf", "m-Q8_0.gguf", "mmproj-F16.gguf", "README.md")
    server.answer(model(*({"rfilename": name} for name in names)))
    server.head = {"X-Repo-Commit": COMMIT, "X-Linked-Etag": f'"{SHA256}"', "X-Linked-Size": "7"}
    chosen = choose(repository("acme/tiny-GGUF"), "")
    assert chosen.size_bytes == 14
    assert [line.split("/")[-1] for line in server.asked if line.startswith("HEAD")] == [names[0], names[2]]


@pytest.mark.parametrize(
    "head",
    [
        {},
        {"X-Repo-Commit": COMMIT, "Content-Length": "7"},
        {"X-Repo-Commit": COMMIT, "ETag": '"../../x"', "Content-Length": "7"},
        {"X-Repo-Commit": COMMIT, "ETag": f'"{SHA256}"', "X-Linked-Size": "-7"},
        {"X-Repo-Commit": COMMIT, "ETag": f'"{SHA256}"', "X-Linked-Size": "9" * 30},
        {"X-Repo-Commit": "b" * 40, "ETag": f'"{SHA256}"', "Content-Length": "7"},
    ],
)
def test_a_file_that_is_not_described_is_not_chosen(head: dict[str, str], server: Claimant) -> None:
    server.answer(model({"rfilename": "m-Q4_K_M.gguf"}))
    server.head = head
    with pytest.raises(Unreachable, match=r"m-Q4_K_M\.gguf"):
        choose(repository("acme/tiny-GGUF"), "")


@pytest.mark.parametrize("body", WRONG, ids=lambda body: repr(body[:30]))
def test_answers_of_another_shape_are_refused(body: bytes, server: Claimant) -> None:
    server.body = body
    with pytest.raises(Unreachable, match="no hub"):
        repository("acme/tiny-GGUF")
    if body not in (b"[]",):
        with pytest.raises(Unreachable, match="no hub"):
            search("tiny")


def test_wrong_types_in_what_is_not_needed_are_left_out(server: Claimant) -> None:
    odd: list[Any] = [None, -5, 2**80, 1.5, "\x1b[31mred", [], {}, [[]], {"total": "many"}, True]
    names = ("id", "gated", "tags", "cardData", "config", "gguf", "safetensors", "downloads", "likes")
    for value in odd:
        server.answer(model(GOOD, **dict.fromkeys((*names, "lastModified", "private"), value)))
        found = repository("acme/tiny-GGUF")
        assert found.id == "acme/tiny-GGUF" and len(found.files) == 1
        assert (found.licence + found.architecture + found.updated).isprintable()
        assert found.parameters is None and 0 <= found.downloads < 2**60


def test_a_million_files_are_refused(server: Claimant) -> None:
    server.body = json.dumps(model(*[{"rfilename": "m"}] * 1_000_000)).encode()
    with pytest.raises(Unreachable, match="1000000 files"):
        repository("acme/tiny-GGUF")


def test_an_endless_answer_is_not_read_to_its_end(server: Claimant, monkeypatch: pytest.MonkeyPatch) -> None:
    server.body = b" " * (questions.MOST_BYTES + 100_000)
    with pytest.raises(Unreachable, match="more than 32 MiB"):
        repository("acme/tiny-GGUF")


def test_a_slow_answer_is_given_up(server: Claimant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "_ANSWER_SECONDS", 0.0)
    server.answer(model(GOOD))
    with pytest.raises(Unreachable, match="too slow"):
        repository("acme/tiny-GGUF")


@pytest.mark.parametrize("status", [400, 404, 409, 418, 451, 500])
@pytest.mark.parametrize("body", [b"[]", b'{"error": {"a": 1}}', b"\x1b[2J", b"<html>"])
def test_a_refusal_of_any_shape_is_one_clean_sentence(status: int, body: bytes, server: Claimant) -> None:
    server.status, server.body = status, body
    with pytest.raises(WorkbenchError) as caught:
        repository("acme/tiny-GGUF")
    assert str(caught.value).isprintable() and caught.value.remedy


def test_results_that_are_no_repositories_are_left_out(server: Claimant) -> None:
    good = {"id": "acme/tiny-GGUF", "downloads": -4, "gguf": 7, "tags": "license:mit"}
    ids: list[Any] = ["../x", "a/b/c", "a/\x1b[31m", None, 5, {}, "", "x"]
    server.answer([*({"id": id} for id in ids), good])
    (result,) = search("tiny").results
    assert (result.id, result.downloads, result.parameters, result.licence) == (
        "acme/tiny-GGUF",
        0,
        None,
        "mit",
    )


def test_a_page_leads_nowhere_but_to_the_hub(server: Claimant) -> None:
    server.answer([{"id": "acme/tiny-GGUF"}])
    server.headers = {"Link": '<http://elsewhere.invalid/steal?cursor=abc>; rel="next"'}
    page = search("tiny")
    assert page.next == "cursor=abc"
    search("tiny", cursor=page.next)
    assert server.asked[-1] == "GET /api/models?cursor=abc"
    server.headers = {"Link": f'<{server.address}/?cursor={"x" * 5000}>; rel="next"'}
    assert search("tiny").next == ""


def test_a_card_is_read_up_to_a_bound(server: Claimant) -> None:
    server.answer(model({"rfilename": "README.md"}))
    found = repository("acme/tiny-GGUF")
    server.body = b"word " * 500_000
    read = card(found)
    assert read.cut and len(read.markdown) <= 1 << 20
