"""The command with a device of another process; and what goes wrong is one sentence and a remedy."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import workbench_guide
from tests.cli.process import Workbench
from tests.contract.answers import GREEDY
from tests.offload.device_server import DeviceServer
from workbench.engine_settings import EngineSettings
from workbench.errors import EngineDied, Unreachable
from workbench.events import TextDelta
from workbench.generation import Generation
from workbench.runtime import open_model
from workbench_llama_cpp.ggml import PLUGIN_FOLDER

pytestmark = pytest.mark.slow

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, plugins: Path) -> Iterator[Run]:
    """`workbench run` with the guide, told where the plugin is."""
    workbench = Workbench(tmp_path)
    question = ("run", str(workbench_guide.PATH), "Who are you?", "--temperature", "0", "--max-tokens", "16")
    yield lambda *flags: workbench(*question, *flags, **{PLUGIN_FOLDER: str(plugins)})
    workbench.end()


def test_the_answer_is_the_same(run: Run, server: DeviceServer) -> None:
    alone, split = run(), run("--device", server.address, "--gpu-layers", "4")
    assert alone.returncode == split.returncode == 0, split.stderr
    assert split.stdout == alone.stdout != ""


def test_no_server_is_one_sentence(run: Run, server: DeviceServer) -> None:
    server.close()
    refused = run("--device", server.address)
    assert (refused.returncode, refused.stdout) == (8, "")
    assert "No RPC server can be reached" in refused.stderr and "Traceback" not in refused.stderr


async def test_a_server_in_use_is_said_to_be(server: DeviceServer) -> None:
    settings = EngineSettings(context_length=256, devices=(server.address,))
    provider = await open_model(str(workbench_guide.PATH), settings)
    try:
        with pytest.raises(Unreachable, match="does not answer"):
            await open_model(str(workbench_guide.PATH), settings)
    finally:
        await provider.close()


async def test_a_server_that_goes_away_ends_the_answer(server: DeviceServer) -> None:
    settings = EngineSettings(context_length=2048, devices=(server.address,))
    provider = await open_model(str(workbench_guide.PATH), settings)
    generation = Generation(prompt="Once", sampling=GREEDY, max_tokens=2000, ignore_end=True)
    try:
        with pytest.raises(EngineDied, match="Remote RPC server crashed"):
            async for event in provider.generate(generation):
                if isinstance(event, TextDelta):
                    server.close()
    finally:
        await provider.close()
