"""`workbench serve`: it says where it is, answers there, and ends in order."""

from __future__ import annotations

import json
import re
import signal
import socket
from urllib.request import Request, urlopen

from tests.cli.process import PATIENCE, Workbench, all_gone, engines_of


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
