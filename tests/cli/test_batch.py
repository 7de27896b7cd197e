"""`workbench batch`: requests of a file answered by a model, also after a kill."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.batches.request_files import read, request, write
from tests.cli.process import Workbench
from workbench.cli.exit_codes import ExitCode


def test_a_file_is_answered_by_the_guide(workbench: Workbench, tmp_path: Path) -> None:
    lines = [
        request("chat", "What is Q4_K_M?"),
        request("text", url="/v1/completions", body={"model": "guide", "prompt": "a", "max_tokens": 2}),
        request("response", url="/v1/responses", body={"model": "guide", "input": "Hello"}),
        request("unknown", body={"model": "nobody", "messages": [{"role": "user", "content": "a"}]}),
        "no json",
    ]
    source, target = write(tmp_path / "in.jsonl", lines), tmp_path / "out.jsonl"
    done = workbench("batch", str(source), "-o", str(target), "--json")
    assert done.returncode == ExitCode.FAILED, done.stderr
    document = json.loads(done.stdout)
    assert (document["total"], document["completed"], document["failed"]) == (5, 3, 2)
    chat, text, response = read(target)
    assert chat["response"]["body"]["choices"][0]["message"]["content"]
    assert text["response"]["body"]["object"] == "text_completion"
    assert response["response"]["body"]["status"] == "completed"
    unknown, broken = read(tmp_path / "out.errors.jsonl")
    assert unknown["response"]["status_code"] == 404 and broken["error"]["line"] == 5


@pytest.mark.slow
def test_after_a_kill_the_same_command_goes_on(workbench: Workbench, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [request(str(number)) for number in range(6)])
    script = tmp_path / "slow.script.toml"
    script.write_text('pause = 0.02\n[[reply]]\ntext = "I am slow."\n')
    target, unfinished = tmp_path / "out.jsonl", tmp_path / "out.jsonl.unfinished-wal"
    command = ("batch", str(source), "-o", str(target), "--model", str(script), "--parallel", "1")
    process = workbench.start(*command)
    while not (unfinished.exists() and b"batch_req_" in unfinished.read_bytes()):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert not target.exists()
    done = workbench(*command)
    assert done.returncode == 0, done.stderr
    answers = read(target)
    assert [answer["custom_id"] for answer in answers] == [str(number) for number in range(6)]
    texts = {answer["response"]["body"]["choices"][0]["message"]["content"] for answer in answers}
    assert texts == {"I am slow."}
    assert {path.name for path in tmp_path.iterdir() if path.name.startswith("out")} == {"out.jsonl"}
