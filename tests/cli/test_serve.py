"""`workbench serve`: it says where it is, answers there, and ends in order."""

from __future__ import annotations

import json
import re
import signal
import socket
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.cli.process import PATIENCE, Workbench, all_gone, engines_of, workers_among


def test_it_announces_its_address_answers_and_ends_on_ctrl_c(workbench: Workbench, script: str) -> None:
    process = workbench.start("serve", script, "--port", "0")
    assert process.stderr is not None
    told = b""
    while b"print(" not in told:
        told += process.stderr.readline()
    found = re.search(rb"http://127\.0\.0\.1:\d+/v1", told)
    assert found is not None and b'model="quick.script"' in told
    url = found.group().decode()
    body = {"model": "quick.script", "messages": [{"role": "user", "content": "weather"}]}
    request = Request(
        f"{url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urlopen(request, timeout=PATIENCE) as response:
        answer = json.load(response)
    assert answer["choices"][0]["message"]["content"] == "I do not look out of the window."
    engines = engines_of(process)
    process.send_signal(signal.SIGINT)
    out, rest = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, rest) == (0, b"", b"")
    assert all_gone(engines)


def test_a_taken_port_is_told(workbench: Workbench, script: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = workbench("serve", script, "--port", str(port))
    assert refused.returncode == 1
    assert "is taken" in refused.stderr


def test_a_missing_model_is_told_before_anything_is_loaded(workbench: Workbench, script: str) -> None:
    assert workbench("serve", script, "missing").returncode == 3
    assert workbench("serve", script, script).returncode == 2


class Server:
    """`workbench serve` with these arguments, and what it answers."""

    def __init__(self, workbench: Workbench, *arguments: str) -> None:
        self.process = workbench.start("serve", "--port", "0", *arguments)
        assert self.process.stderr is not None
        told = b""
        while b"print(" not in told:
            line = self.process.stderr.readline()
            assert line, told
            told += line
        found = re.search(rb"https?://127\.0\.0\.1:\d+", told)
        assert found is not None
        self.url = found.group().decode()

    def __call__(self, path: str, body: object = None, **headers: str) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = Request(
            self.url + path,
            data,
            {"Content-Type": "application/json"} | headers,
            method="POST" if data else "GET",
        )
        with urlopen(request, timeout=PATIENCE) as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    def ask(self, model: str, text: str, **fields: object) -> str:
        body = {"model": model, "messages": [{"role": "user", "content": text}], **fields}
        content: str = self("/v1/chat/completions", body)["choices"][0]["message"]["content"]
        return content


@pytest.mark.slow
def test_without_a_name_every_model_is_served_and_they_take_turns(workbench: Workbench, script: str) -> None:
    models = workbench.home / "data" / "models"
    models.mkdir(parents=True)
    presets = workbench.home / "config" / "presets.toml"
    presets.parent.mkdir(parents=True)
    presets.write_text(
        f'[models.clerk]\nmodel = "{script}"\naliases = ["gpt-4o"]\nsystem = "Be brief."\n'
        "[models.guide]\nsampling = {temperature = 0}\nsettings = {context_length = 300}\n"
    )
    server = Server(workbench, "--max-loaded", "1")
    assert [model["id"] for model in server("/v1/models")["data"]] == ["guide", "clerk"]
    assert server.ask("gpt-4o", "weather").startswith("I do not look")
    first = [server.ask("guide", "What can you do?", max_tokens=8) for _ in range(2)]
    assert first[0] == first[1] and server.ask("clerk", "weather").startswith("I do not look")
    assert server("/v1/models/guide/load", {})["state"] == "loaded"
    assert server("/v1/models/guide")["context_length"] == 300
    assert len(workers_among(engines_of(server.process))) == 1
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(PATIENCE) == 0


def test_a_fault_in_the_presets_is_told_at_once(workbench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[models.guide]\nttll = 3")
    refused = workbench("serve", "guide", "--presets", str(tmp_path / "own.toml"))
    assert (
        refused.returncode == 2 and "own.toml: models.guide.ttll is not known.\nWrite ttl." in refused.stderr
    )


@pytest.mark.slow
def test_run_uses_what_a_running_server_has_loaded(workbench: Workbench, script: str) -> None:
    server = Server(workbench, script)
    answered = workbench("run", script, "weather")
    assert answered.stdout == "I do not look out of the window.\n"
    assert "in the server that runs" in answered.stderr
    alone = workbench("run", script, "weather", "--no-attach")
    assert alone.stdout == answered.stdout and "server" not in alone.stderr
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(PATIENCE) == 0
    assert "server" not in workbench("run", script, "weather").stderr


@pytest.mark.slow
def test_a_chat_goes_on_here_when_the_server_that_answered_is_gone(workbench: Workbench, script: str) -> None:
    server = Server(workbench, script)
    terminal = workbench.on_terminal("chat", script)
    terminal.wait_for("in the server that runs")
    terminal.wait_for("> ")
    server.process.kill()
    server.process.wait(PATIENCE)
    terminal.type("weather\n")
    terminal.wait_for("went away")
    terminal.wait_for("> ")
    terminal.type("weather\n")
    terminal.wait_for("I do not look")
    terminal.wait_for("> ")
    terminal.type("/exit\n")
    assert terminal.end() == 0


@pytest.mark.slow
def test_models_take_no_more_memory_than_they_may(workbench: Workbench) -> None:
    refused = workbench("serve", "guide", "--port", "0", "--memory", "4MiB")
    assert refused.returncode == 5 and "within the limit" in refused.stderr
    server = Server(workbench, "guide", "--memory", "1GiB")
    assert server("/health")["loaded"] == ["guide"]
