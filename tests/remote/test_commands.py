"""Models elsewhere as people use them: by address or preset, in each command and behind the endpoint."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import Workbench
from tests.remote.double import HELLO, Answer, double
from tests.remote.test_quirks import opened
from tests.server.loopback import client_of

SCRIPT = '[[reply]]\ntext = "Yes, from elsewhere."\n'


@pytest.fixture
def workbench(tmp_path: Path) -> Iterator[Workbench]:
    command = Workbench(tmp_path / "home")
    yield command
    command.end()


@pytest.fixture
def url(workbench: Workbench, tmp_path: Path) -> str:
    """Where a server has a model called words."""
    script = tmp_path / "words.script.toml"
    script.write_text(SCRIPT)
    return _served(workbench, str(script))


def _served(workbench: Workbench, *models: str) -> str:
    server = workbench.start("serve", *models, "--port", "0")
    assert server.stderr is not None
    lines = (line.decode() for line in server.stderr)
    return next(match[1] for line in lines if (match := re.search(r"Serving at (\S+);", line)))


@pytest.mark.slow
def test_an_address_and_a_preset_are_models_in_each_command(
    workbench: Workbench, url: str, tmp_path: Path
) -> None:
    presets = workbench.home / "config" / "presets.toml"
    presets.parent.mkdir(parents=True, exist_ok=True)
    presets.write_text(f'[models.far]\nmodel = "{url}"\n')
    for name in (url, "far"):
        ran = workbench("run", name, "Hello?")
        assert (ran.stdout, ran.returncode) == ("Yes, from elsewhere.\n", 0), ran.stderr
    talked = workbench("chat", "far", stdin="Hello?\n")
    assert "Yes, from elsewhere." in talked.stdout
    [far] = [row for row in json.loads(workbench("models", "--json").stdout) if row["name"] == "far"]
    assert (far["path"], far["kind"]) == (url, "remote")
    assert workbench("tokens", "far", "Hello?").stdout == "6\n"
    requests, answers = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    body = {"model": "far", "messages": [{"role": "user", "content": "Hello?"}]}
    line = {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": body}
    requests.write_text(json.dumps(line) + "\n")
    assert workbench("batch", str(requests), "-o", str(answers)).returncode == 0
    assert "Yes, from elsewhere." in answers.read_text()
    front = _served(workbench, "far")
    assert workbench("run", f"{front}#far", "Hello?").stdout == "Yes, from elsewhere.\n"


def test_what_goes_wrong_has_its_exit_code(workbench: Workbench, url: str) -> None:
    for arguments, code, words in (
        (("http://127.0.0.1:9/v1",), 8, "Start it"),
        ((f"{url}#nowhere",), 3, "Write one of words"),
        (("http://",), 2, "Write it as"),
        ((url, "--context", "4096"), 2, "context_length"),
        ((url, "--chat-template", __file__), 2, "--chat-template"),
    ):
        ran = workbench("run", arguments[0], "Hello?", *arguments[1:])
        assert (ran.returncode, ran.stdout) == (code, "") and words in ran.stderr, ran.stderr


async def test_the_endpoint_tells_what_a_server_behind_it_did_otherwise() -> None:
    def answer(body: dict[str, object]) -> Answer:
        refusal = {"error": {"message": "Unrecognized request argument supplied: seed"}}
        return Answer(refusal, 400) if "seed" in body else Answer(HELLO)

    async with double(answer) as server, client_of(await opened(server.url)) as client:
        messages = [{"role": "user", "content": "Hello?"}]
        whole = await client.chat.completions.create(model="guide", messages=messages, seed=1)  # type: ignore[arg-type]
        assert "seed" in whole.notices[0]  # type: ignore[attr-defined]
        stream = await client.chat.completions.create(  # type: ignore[call-overload]
            model="guide", messages=messages, seed=1, stream=True
        )
        chunks = [chunk async for chunk in stream]
        assert "seed" in chunks[-1].notices[0]
