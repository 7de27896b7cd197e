"""What people write to name a model that is published somewhere."""

from __future__ import annotations

import pytest

from workbench.errors import InvalidRequest
from workbench.models.reference import HubReference, UrlReference, parse_reference

WRITTEN = {
    "org/repo": HubReference("org/repo"),
    "  org/repo\n": HubReference("org/repo"),
    "org/repo:Q4_K_M": HubReference("org/repo", "Q4_K_M"),
    "org/repo:q4_k_m": HubReference("org/repo", "q4_k_m"),
    "org/Some-Repo_1.5-GGUF:UD-Q4_K_XL": HubReference("org/Some-Repo_1.5-GGUF", "UD-Q4_K_XL"),
    "org/repo/file.gguf": HubReference("org/repo", "file.gguf"),
    "org/repo/folder/file-00001-of-00003.gguf": HubReference("org/repo", "folder/file-00001-of-00003.gguf"),
    "org/repo@v1.0:Q8_0": HubReference("org/repo", "Q8_0", "v1.0"),
    "org/repo@v1.0": HubReference("org/repo", "", "v1.0"),
    "org/repo@refs/pr/3:Q8_0": HubReference("org/repo", "Q8_0", "refs/pr/3"),
    "org/repo@abc123/sub/file.gguf": HubReference("org/repo", "sub/file.gguf", "abc123"),
    "hf.co/org/repo": HubReference("org/repo"),
    "hf.co/org/repo:Q4_K_M": HubReference("org/repo", "Q4_K_M"),
    "huggingface.co/org/repo/file.gguf": HubReference("org/repo", "file.gguf"),
    "hf://org/repo/file.gguf": HubReference("org/repo", "file.gguf"),
    "https://huggingface.co/org/repo": HubReference("org/repo"),
    "https://huggingface.co/org/repo/": HubReference("org/repo"),
    "https://huggingface.co/org/repo/blob/main/a/b.gguf": HubReference("org/repo", "a/b.gguf"),
    "https://huggingface.co/org/repo/resolve/v2/b.gguf?download=true": HubReference(
        "org/repo", "b.gguf", "v2"
    ),
    "https://hf.co/org/repo/tree/refs%2Fpr%2F1/Q4_K_M": HubReference("org/repo", "Q4_K_M", "refs/pr/1"),
    "https://huggingface.co/org/repo/tree/main": HubReference("org/repo"),
    "HTTPS://huggingface.co/org/repo/blob/main/a%20b.gguf": HubReference("org/repo", "a b.gguf"),
    "https://example.org/models/a.gguf": UrlReference("https://example.org/models/a.gguf"),
    "http://127.0.0.1:8000/a.gguf?token=1": UrlReference("http://127.0.0.1:8000/a.gguf?token=1"),
}
NAMELESS = [
    *("", " ", "repo", "org/", "/repo", "org//repo", "org/repo:../x", "org/repo/../x", "org/repo//x"),
    *(
        "../org/repo",
        "./org/repo",
        "~/org/repo",
        "org/re po",
        "org/..",
        "org/.git",
        "org/a--b",
        "C:\\org\\repo",
    ),
    *(
        "org/repo/a\\b",
        "org/repo\x1b[31m",
        "org/repo:Q4\u202e",
        "org/repo@",
        "org/repo@../x:Q4",
        "org/repo@:Q4",
    ),
    *("https://", "https:///x", "https://huggingface.co", "https://huggingface.co/org", "http://[::1/x"),
    *("https://huggingface.co/datasets/org/repo", "https://huggingface.co/org/repo/blob/main/..%2Fx"),
    *("https://huggingface.co/org/repo/blob/main/%2Fetc%2Fpasswd", "https://huggingface.co:x/org/repo"),
    *("file:///etc/passwd", "ftp://x/y", "örg/repo", "org/" + "x" * 300, "org/repo/" + "x" * 300),
]


@pytest.mark.parametrize(("text", "meant"), WRITTEN.items())
def test_a_name_means(text: str, meant: object) -> None:
    assert parse_reference(text) == meant


@pytest.mark.parametrize("text", NAMELESS)
def test_what_names_nothing_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_reference(text)
    assert "org/repo:Q4_K_M" in caught.value.remedy
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:8321", "https://mirror.example/hub/"])
def test_addresses_at_the_endpoint_are_the_hubs(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    address = f"{endpoint.rstrip('/')}/org/repo/resolve/main/a.gguf"
    assert parse_reference(address) == HubReference("org/repo", "a.gguf")
    assert parse_reference("https://huggingface.co/org/repo") == HubReference("org/repo")
    elsewhere = "https://mirror.example/other/a.gguf"
    assert parse_reference(elsewhere) == UrlReference(elsewhere)
