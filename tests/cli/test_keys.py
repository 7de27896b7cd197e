"""`workbench keys`: made once, listed without their secret, revoked; and a server that asks for them."""

from __future__ import annotations

import json
import signal
from urllib.error import HTTPError

import pytest

from tests.cli.process import PATIENCE, Workbench
from tests.cli.test_serve import Server


@pytest.mark.slow
def test_keys_are_made_listed_and_revoked(workbench: Workbench) -> None:
    made = workbench("keys", "add", "laptop", "--model", "guide", "--rate", "60", "--expires", "30d")
    assert made.returncode == 0 and made.stdout.startswith("wb-") and "not shown again" in made.stderr
    listed = workbench("keys", "list")
    assert "laptop" in listed.stdout and made.stdout.strip() not in listed.stdout
    (key,) = json.loads(workbench("keys", "list", "--json").stdout)
    assert (key["name"], key["scope"], key["models"]) == ("laptop", "inference", ["guide"])
    assert (key["requests_per_minute"], key["valid"]) == (60, True)
    assert round(key["expires"] - key["created"]) == 30 * 86400
    assert workbench("keys", "add", "laptop").returncode == 2
    assert workbench("keys", "revoke", "laptop").returncode == 0
    assert workbench("keys", "revoke", "laptop").returncode == 2
    audit = (workbench.home / "data" / "audit.jsonl").read_text()
    assert [json.loads(line)["action"] for line in audit.splitlines()] == ["add key", "revoke key"]


def test_a_server_asks_for_the_keys_there_are(workbench: Workbench, script: str) -> None:
    key = json.loads(workbench("keys", "add", "laptop", "--json").stdout)["key"]
    server = Server(workbench, script, "--log-requests")
    with pytest.raises(HTTPError, match="401"):
        server("/v1/models")
    assert server("/v1/models", Authorization=f"Bearer {key}")["data"][0]["id"] == "quick.script"
    with pytest.raises(HTTPError, match="403"):
        server("/v1/models/quick.script/unload", {}, Authorization=f"Bearer {key}")
    server.process.send_signal(signal.SIGINT)
    _, told = server.process.communicate(timeout=PATIENCE)
    logged = [json.loads(line) for line in told.splitlines() if line.startswith(b"{")]
    assert [(line["key"], line["status"]) for line in logged] == [
        (None, 401),
        ("laptop", 200),
        ("laptop", 403),
    ]
    assert key.encode() not in told


@pytest.mark.slow
def test_the_network_is_answered_without_a_key_only_when_that_is_asked_for(workbench: Workbench) -> None:
    refused = workbench("serve", "guide", "--host", "0.0.0.0")
    assert refused.returncode == 2 and "--no-key does without" in refused.stderr
    assert workbench("serve", "guide", "--no-key", "--api-key", "a").returncode == 2
    bad = workbench("serve", "guide", "--cors-origin", "example.org")
    assert bad.returncode == 2 and "is no origin" in bad.stderr
