"""What is here: models, engines, the machine and the conversations."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.process import Workbench
from workbench import registry


def test_models_lists_the_bundled_one_and_survives_a_broken_one(workbench: Workbench) -> None:
    folder = workbench.home / "data" / "models"
    folder.mkdir(parents=True)
    (folder / "broken.gguf").write_bytes(b"GGUF and nothing more")
    done = workbench("models", "--json")
    assert done.returncode == 0
    guide, broken = json.loads(done.stdout)
    assert (guide["name"], guide["architecture"], guide["problem"]) == ("guide", "llama", "")
    assert guide["size_bytes"] == Path(guide["path"]).stat().st_size
    assert guide["quantization"]
    assert (broken["name"], broken["architecture"]) == ("broken", "")
    assert broken["problem"]
    table = workbench("models")
    assert [line.split()[0] for line in table.stdout.splitlines()] == ["name", "guide", "broken"]
    assert broken["problem"] in table.stderr


@pytest.mark.slow
def test_doctor_describes_the_machine_and_the_engines(workbench: Workbench) -> None:
    document = json.loads(workbench("doctor", "--json").stdout)
    assert {"cpu", "ram", "gpus", "backends"} <= set(document)
    assert 1 <= document["cpu"]["physical_cores"] <= (os.cpu_count() or 1)
    assert [row["name"] for row in document["backends"]] == registry.names()
    assert all(row["available"] or row["remedy"] for row in document["backends"])
    told = workbench("doctor").stdout
    assert document["cpu"]["name"] in told and "llama-cpp" in told


@pytest.mark.slow
def test_backends_is_the_same_list_with_the_devices_of_each(workbench: Workbench) -> None:
    doctor = json.loads(workbench("doctor", "--json").stdout)
    listed = json.loads(workbench("backends", "--json").stdout)
    assert {row["name"]: row.pop("devices") for row in listed}["llama-cpp"] == ["CPU"]
    assert listed == doctor["backends"]


def test_chats_are_listed_the_newest_first(workbench: Workbench, script: str) -> None:
    assert json.loads(workbench("chats", "--json").stdout) == []
    workbench("chat", script, stdin="first question\n/new\nsecond question\n")
    listed = json.loads(workbench("chats", "--json").stdout)
    assert [(row["id"], row["title"], row["messages"]) for row in listed] == [
        (2, "second question", 2),
        (1, "first question", 2),
    ]
    assert len(workbench("chats", "--limit", "1").stdout.splitlines()) == 2
    assert "user: first question\n" in workbench("chats", "show", "1").stdout
    assert workbench("chats", "show", "3").returncode == 2
