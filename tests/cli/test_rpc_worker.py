"""`workbench rpc-worker` before it lends: where it listens, and what it says when it cannot."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import Workbench
from workbench.cli.rpc_worker import check_reach
from workbench.errors import InvalidRequest


@pytest.fixture
def workbench(tmp_path: Path) -> Iterator[Workbench]:
    command = Workbench(tmp_path)
    yield command
    command.end()


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "8.8.8.8", "2001:4860:4860::8888"])
def test_what_the_internet_may_reach_needs_a_word(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidRequest, match="neither password nor encryption") as refused:
        check_reach(address, public=False)
    assert "--public" in refused.value.remedy
    check_reach(address, public=True)
    assert "Warning" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["192.168.1.20", "10.0.0.3", "100.64.0.7", "fd00::1", "fe80::1%eth0"])
def test_a_network_of_ones_own_gets_a_warning(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    check_reach(address, public=False)
    assert "everyone in this network" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_alone_needs_none(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    check_reach(address, public=False)
    assert not capsys.readouterr().err


def test_the_command_refuses_and_lends_nothing(workbench: Workbench) -> None:
    refused = workbench("rpc-worker", "--host", "0.0.0.0", "--port", "0")
    assert (refused.returncode, refused.stdout) == (2, "") and "--public" in refused.stderr
    assert "Lends" not in refused.stderr


def test_a_port_in_use_is_one_sentence(workbench: Workbench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = workbench("rpc-worker", "--port", str(port))
    assert refused.returncode == 1
    assert f"127.0.0.1:{port} is taken by another program." in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_backend_that_lends_nothing_says_so(workbench: Workbench) -> None:
    refused = workbench("rpc-worker", "--backend", "scripted", "--port", "0")
    assert refused.returncode == 2 and "scripted lends no devices" in refused.stderr
