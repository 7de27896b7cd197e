"""The hub as the real huggingface_hub client finds it: listings, downloads and refusals."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest

from tests.hub.client import ask_client
from tests.hub.hub import FakeHub
from tests.hub.plugin import hub as hub
from tests.hub.wire import ask, cdn_url

MODEL = "acme/tiny-GGUF"
WEIGHTS = random.Random(3).randbytes(3_000_000)
FILES = {"tiny-Q4_K_M.gguf": WEIGHTS, "README.md": b"# Tiny\n", "q8/tiny Q8.gguf": WEIGHTS[:1000]}
FACTS: dict[str, Any] = {
    "tags": ["gguf"],
    "gguf": {"total": 1, "architecture": "llama", "context_length": 4096},
}


@pytest.fixture
def sha(hub: FakeHub) -> str:
    return hub.add_repository(MODEL, FILES, downloads=9, likes=3, licence="mit", **FACTS)


def test_a_model_is_described_with_its_files(hub: FakeHub, sha: str, tmp_path: Path) -> None:
    program = f"""
model = api.model_info({MODEL!r}, files_metadata=True)
files = {{s.rfilename: [s.size, s.blob_id, s.lfs and s.lfs.sha256] for s in model.siblings}}
answer = [model.sha, model.gguf, model.card_data.license, model.downloads, model.likes, model.gated, files]
"""
    found = ask_client(program, endpoint=hub.endpoint, home=tmp_path)
    assert found[:6] == [sha, FACTS["gguf"], "mit", 9, 3, False]
    assert found[6]["tiny-Q4_K_M.gguf"][0::2] == [3_000_000, hashlib.sha256(WEIGHTS).hexdigest()]
    assert found[6]["README.md"] == [7, hashlib.sha1(b"blob 7\0# Tiny\n").hexdigest(), None]


def test_only_what_is_expanded_comes_back(hub: FakeHub, sha: str, tmp_path: Path) -> None:
    program = f"""
model = api.model_info({MODEL!r}, expand=["gguf", "siblings", "downloadsAllTime"])
answer = [model.gguf["total"], len(model.siblings), model.downloads_all_time, model.likes]
"""
    assert ask_client(program, endpoint=hub.endpoint, home=tmp_path) == [1, 3, 63, None]
    assert ask(f"{hub.endpoint}/api/models?expand=nonsense").status == 400


def test_a_search_filters_sorts_and_pages(hub: FakeHub, tmp_path: Path) -> None:
    hub.page_size = 2
    for number in range(5):
        facts = {"downloads": number, "likes": -number, "trending": number % 3, "tags": ["gguf"]}
        hub.add_repository(f"acme/m{number}", {}, last_modified=f"2025-02-0{number + 1}T00:00:00Z", **facts)
    hub.add_repository("other/m9", {}, tags=["pytorch"], downloads=99)
    hub.add_repository("acme/secret", {}, tags=["gguf"], private=True)
    program = """
def ids(**arguments):
    return " ".join(m.id.split("/")[1] for m in api.list_models(filter="gguf", **arguments))
answer = [ids(sort="downloads"), ids(sort="likes", limit=3), ids(sort="last_modified"), ids(author="other"),
    ids(sort="trending_score", expand=["downloads"]), ids(search="M2"), ids(sort="created_at", limit=1)]
"""
    assert ask_client(program, endpoint=hub.endpoint, home=tmp_path) == [
        *("m4 m3 m2 m1 m0", "m0 m1 m2", "m4 m3 m2 m1 m0", "", "m2 m1 m4 m0 m3", "m2", "m0"),
    ]
    assert any("cursor" in record.target for record in hub.log)


def test_trees_and_paths_are_listed(hub: FakeHub, sha: str, tmp_path: Path) -> None:
    hub.page_size = 2
    program = f"""
def tree(**arguments):
    return [entry.path for entry in api.list_repo_tree({MODEL!r}, **arguments)]
def paths(*wanted):
    return [entry.path for entry in api.get_paths_info({MODEL!r}, list(wanted))]
refs = [ref.target_commit for ref in api.list_repo_refs({MODEL!r}).branches]
answer = [tree(), tree(recursive=True), tree(path_in_repo="q8"), paths("README.md", "q8", "absent"), refs]
"""
    top = ["tiny-Q4_K_M.gguf", "README.md", "q8"]
    deep = "q8/tiny Q8.gguf"
    found = ask_client(program, endpoint=hub.endpoint, home=tmp_path)
    assert found == [top, [*top, deep], [deep], ["README.md", "q8"], [sha]]


def test_files_arrive_whole_and_are_cached_by_their_hashes(hub: FakeHub, sha: str, tmp_path: Path) -> None:
    hub.repositories[MODEL].xet = True
    program = f"""
one = hf_hub_download({MODEL!r}, "tiny-Q4_K_M.gguf", token="hf_good")
answer = [one, snapshot_download({MODEL!r}, token="hf_good")]
"""
    one, all_files = map(Path, ask_client(program, endpoint=hub.endpoint, home=tmp_path))
    assert one.resolve().name == hashlib.sha256(WEIGHTS).hexdigest()
    assert {name: (all_files / name).read_bytes() for name in FILES} == FILES
    assert all_files.name == sha
    assert hub.body_bytes() == sum(map(len, FILES.values()))
    assert not any("authorization" in record.headers for record in hub.log if record.port == "cdn")
    assert hub.requests("GET", "resolve-cache")


def test_a_new_commit_moves_main_and_keeps_the_old_one(hub: FakeHub, sha: str, tmp_path: Path) -> None:
    new = hub.commit(MODEL, {"README.md": b"new"})
    program = f"""
read = lambda revision: open(hf_hub_download({MODEL!r}, "README.md", revision=revision)).read()
answer = [read("main"), read({sha!r}), api.model_info({MODEL!r}).sha, len(api.model_info({MODEL!r}).siblings)]
"""
    assert ask_client(program, endpoint=hub.endpoint, home=tmp_path) == ["new", "# Tiny\n", new, 1]


def test_the_client_tells_the_refusals_apart(hub: FakeHub, sha: str, tmp_path: Path) -> None:
    hub.tokens = {"hf_good": "alice", "hf_other": "bob"}
    hub.add_repository("acme/gated", FILES, gated="manual", allowed_tokens={"hf_good"})
    hub.add_repository("acme/private", FILES, private=True, allowed_tokens={"hf_good"})
    hub.add_repository("acme/disabled", FILES, disabled=True)
    program = f"""
def fetch(id, token=False, file="README.md", revision=None):
    return outcome(lambda: hf_hub_download(id, file, token=token, revision=revision))
def info(id, token=False):
    return outcome(lambda: api.model_info(id, token=token))
answer = [
    [fetch("acme/gated", token) for token in (False, "hf_other", "hf_bad", "hf_good")],
    [info("acme/gated", token) for token in (False, "hf_other", "hf_bad", "hf_good")],
    [info("acme/private", token) for token in (False, "hf_other", "hf_bad", "hf_good")],
    [info("acme/absent"), info("absent"), info("acme/disabled"), info({MODEL!r}, "hf_bad")],
    [fetch({MODEL!r}, file="absent"), fetch({MODEL!r}, revision="absent")],
    [api.whoami("hf_good")["name"], outcome(lambda: api.auth_check("acme/gated", token="hf_other"))],
]
"""
    gated, missing, other = "GatedRepoError", "RepositoryNotFoundError", "HfHubHTTPError"
    assert ask_client(program, endpoint=hub.endpoint, home=tmp_path) == [
        [gated, gated, other, ""],
        ["", "", other, ""],
        [missing, missing, other, ""],
        [missing, missing, "DisabledRepoError", other],
        ["RemoteEntryNotFoundError", "RevisionNotFoundError"],
        ["alice", gated],
    ]


def test_the_client_resumes_after_a_break_and_trusts_a_flipped_bit(
    hub: FakeHub, sha: str, tmp_path: Path
) -> None:
    """What is known of the client holds against this hub, so that it stands for the real one."""
    hub.add_repository("acme/big", {"big.gguf": WEIGHTS * 5})
    hub.faults.add("drop", after=12_000_000, path="*.gguf", port="cdn")
    hub.faults.add("corrupt", offset=1_000_000, path="*.gguf", port="cdn")
    program = 'answer = hf_hub_download("acme/big", "big.gguf")'
    stored = Path(ask_client(program, endpoint=hub.endpoint, home=tmp_path)).read_bytes()
    whole = WEIGHTS * 5
    assert [at for at in range(0, len(whole), 500_000) if stored[at] != whole[at]] == [1_000_000]
    assert [record.range for record in hub.requests("GET", "big.gguf")] == [None, "bytes=10485760-"]


def test_a_signed_address_ends_and_cannot_be_forged(hub: FakeHub, sha: str) -> None:
    hub.url_lifetime = 0.2
    address = cdn_url(hub, f"{MODEL}/tiny-Q4_K_M.gguf")
    assert ask(address).body == WEIGHTS
    assert ask(address.replace("Expires=1", "Expires=2")).status == 403
    hub.url_lifetime = -1
    assert ask(cdn_url(hub, f"{MODEL}/tiny-Q4_K_M.gguf")).status == 403
