"""The models on a machine through the commands: listed, shown, verified, removed, shared."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.repository import modules_after
from tests.cli.process import Workbench
from tests.hub import FakeHub
from tests.models.machine import Machine, gguf, sha256, written


@pytest.fixture
def machine(workbench: Workbench) -> Machine:
    machine = Machine(workbench.home / "machine")
    workbench.environment.update(machine.environment)
    return machine


def listed(workbench: Workbench) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(workbench("models", "--json").stdout)}


def test_models_lists_what_other_programs_keep_once(workbench: Workbench, machine: Machine) -> None:
    data = gguf(quantization=15)
    link = machine.in_hub("org/m-GGUF", "m-Q4_K_M.gguf", data)
    blob = machine.in_ollama("registry.ollama.ai/library/m/3b", data)
    written(machine.hub / "models--org--half" / "blobs" / f"{'e' * 64}.workbench.incomplete", b"half")
    rows = listed(workbench)
    assert list(rows) == ["guide", "org/m-GGUF/m-Q4_K_M.gguf", f"org/half/{'e' * 12}"]
    row = rows["org/m-GGUF/m-Q4_K_M.gguf"]
    assert row["path"] == str(link)
    assert row["paths"] == [str(link), str(blob)]
    assert (row["size_bytes"], row["architecture"], row["quantization"]) == (len(data), "llama", "Q4_K_M")
    assert (row["kind"], row["stores"]) == ("gguf", ["hugging-face", "ollama"])
    half = rows[f"org/half/{'e' * 12}"]
    assert (half["kind"], half["size_bytes"]) == ("unfinished", 0)
    table = workbench("models").stdout
    assert "Hugging Face, Ollama" in table and "unfinished" in table


def test_names_cannot_steer_the_terminal(workbench: Workbench, machine: Machine) -> None:
    written(machine.folder / "a\x1b[2Jb\nc.gguf", gguf())
    terminal = workbench.on_terminal("models")
    assert terminal.end() == 0
    assert "a\\x1b[2Jb\\nc" in terminal.seen
    assert "\x1b[2J" not in terminal.seen


def test_listing_needs_neither_an_engine_nor_the_hubs_client() -> None:
    modules = modules_after(
        "sys.argv = ['workbench', 'models']; import runpy; runpy.run_module('workbench', run_name='__main__')"
    )
    top = {name.partition(".")[0] for name in modules}
    assert "workbench.models.stores.ollama" in modules
    assert not top & {"llama_cpp", "huggingface_hub", "httpx2", "numpy", "textual", "gguf"}


def test_run_opens_ollamas_blob_in_place(workbench: Workbench, machine: Machine) -> None:
    guide = Path(listed(workbench)["guide"]["path"])
    blob = machine.in_ollama("registry.ollama.ai/library/guide-copy/3b", guide.read_bytes())
    done = workbench("run", "guide-copy:3b", "Hello.", "--max-tokens", "2", "--temperature", "0", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["model"] == "guide-copy:3b"
    assert [
        path.name for path in machine.ollama.rglob("*") if path.is_file() and path.stat().st_size > 9999
    ] == [blob.name]


def test_show_tells_shape_bytes_template_and_places(workbench: Workbench, machine: Machine) -> None:
    shown = json.loads(workbench("show", "guide", "--json").stdout)
    assert shown["architecture"] == "llama"
    assert shown["parameters"] == shown["active_parameters"] > 1_000_000
    assert {part["role"] for part in shown["tensors"]} >= {"attention", "feed forward", "embedding", "norm"}
    assert sum(part["elements"] for part in shown["tensors"]) == shown["parameters"]
    assert shown["places"][0]["files"][0]["path"] == shown["path"]
    assert workbench("show", "guide", "--template-source").stdout.rstrip("\n") == shown["template"].rstrip(
        "\n"
    )
    text = workbench("show", "guide").stdout
    assert f"{shown['context_length']:,} tokens" in text and "bits per weight" in text
    machine.in_hub("org/m", "m.gguf", gguf())
    found = json.loads(workbench("show", "org/m", "--json").stdout)
    assert found["places"][0]["files"][0]["published_hash"] == sha256(gguf())
    for option in ("--template", "--template-source"):
        assert workbench("show", "org/m", option).returncode == 2
    assert workbench("show", "./nothing.gguf").returncode == 3


def test_verify_says_what_is_damaged_and_exits_with_4(workbench: Workbench, machine: Machine) -> None:
    link = machine.in_hub("org/m", "m.gguf", gguf())
    written(machine.folder / "mine.gguf", gguf("mine"))
    done = workbench("verify", "--all", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["model"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert {name: (row["status"], row["basis"]) for name, row in rows.items()} == {
        "guide": ("recorded", "structure"),
        "mine": ("recorded", "structure"),
        "org/m/m.gguf": ("whole", "published"),
    }
    data = bytearray(gguf())
    data[-1] ^= 1
    link.resolve().write_bytes(data)
    done = workbench("verify", "org/m", "mine")
    assert done.returncode == 4
    damaged, whole = done.stdout.splitlines()
    assert damaged.startswith("damaged") and "not what was published" in damaged
    assert whole.startswith("whole") and "as recorded on 20" in whole
    assert "1 not intact" in done.stderr
    assert workbench("verify").returncode == 2
    assert workbench("verify", "nothing").returncode == 3


def test_an_interrupt_ends_verification_at_once(workbench: Workbench, machine: Machine) -> None:
    file = written(machine.folder / "long.gguf", gguf())
    os.truncate(file, 40 << 30)
    terminal = workbench.on_terminal("verify", "long")
    terminal.wait_for("long.gguf")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert "Traceback" not in terminal.seen


def test_rm_asks_on_a_terminal_and_needs_yes_elsewhere(workbench: Workbench, machine: Machine) -> None:
    link = machine.in_hub("org/m", "m.gguf", gguf())
    assert workbench("rm", "org/m").returncode == 2
    dry = workbench("rm", "org/m", "--dry-run")
    assert dry.returncode == 0
    assert "frees" in dry.stdout and str(link) in dry.stdout
    terminal = workbench.on_terminal("rm", "org/m", columns=400)
    terminal.wait_for("Remove it? [y/N]")
    terminal.type("n\n")
    assert terminal.end() == 0
    assert link.exists()
    done = workbench("rm", "org/m", "--yes", "--json")
    document = json.loads(done.stdout)
    assert (document["removed"], document["freed_bytes"]) == (True, len(gguf()))
    assert not link.exists() and list(listed(workbench)) == ["guide"]
    assert workbench("rm", "guide", "--yes").returncode == 2


def test_dedupe_says_first_and_does_it_on_request(workbench: Workbench, machine: Machine) -> None:
    blob = machine.in_hub("org/m", "m.gguf", gguf()).resolve()
    copy = machine.in_ollama("registry.ollama.ai/library/m/latest", gguf())
    before = (blob.stat().st_ino, copy.stat().st_ino)
    dry = workbench("dedupe")
    assert "would be freed" in dry.stderr and str(copy) in dry.stdout
    assert (blob.stat().st_ino, copy.stat().st_ino) == before
    (done,) = json.loads(workbench("dedupe", "--apply", "--json").stdout)
    assert done["applied"] and done["saves_bytes"] == len(gguf())
    assert done["way"] == "reflink" or os.path.samefile(blob, copy)
    assert blob.read_bytes() == copy.read_bytes() == gguf()
    assert json.loads(workbench("dedupe", "--json").stdout) == []


DOWNLOAD = (
    "from huggingface_hub import hf_hub_download; print(hf_hub_download('acme/m-GGUF', 'm-Q4_K_M.gguf'))"
)


def test_what_the_real_client_fetched_is_found_by_quant_and_verified(
    workbench: Workbench, machine: Machine
) -> None:
    with FakeHub() as hub:
        hub.add_repository("acme/m-GGUF", {"m-Q4_K_M.gguf": gguf("q4"), "m-Q8_0.gguf": gguf("q8")})
        environment = {**workbench.environment, "HF_ENDPOINT": hub.endpoint, "HF_HUB_DISABLE_XET": "1"}
        offered = workbench("show", "acme/m-GGUF", HF_ENDPOINT=hub.endpoint)
        assert "Q4_K_M" in offered.stdout and "Q8_0" in offered.stdout
        fetched = subprocess.run(
            [sys.executable, "-c", DOWNLOAD],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    shown = json.loads(workbench("show", "acme/m-GGUF:Q4_K_M", "--json").stdout)
    assert shown["path"] == fetched.stdout.strip()
    assert shown["places"][0]["files"][0]["published_hash"] == sha256(gguf("q4"))
    (verdict,) = map(json.loads, workbench("verify", "acme/m-GGUF", "--json").stdout.splitlines())
    assert (verdict["status"], verdict["basis"]) == ("whole", "published")
    assert workbench("rm", "acme/m-GGUF", "--yes").returncode == 0
    assert not list(machine.hub.rglob("*.gguf"))
