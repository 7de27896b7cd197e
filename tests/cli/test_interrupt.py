"""Ctrl+C, a reader that goes away and an engine that is killed: a quiet end, and no process is left."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess

import pytest

from tests.cli.process import COMMAND, PATIENCE, Workbench, all_gone, engines_of


def test_an_interrupt_ends_a_run_quietly(workbench: Workbench, slow_script: str) -> None:
    process = workbench.start("run", slow_script, "hello")
    assert process.stdout is not None and process.stdout.read(1) == b"Y"
    engines = engines_of(process)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=PATIENCE)
    assert (process.returncode, told) == (130, b"")
    assert all_gone(engines)


def test_a_reader_that_goes_away_ends_a_run_quietly(workbench: Workbench, slow_script: str) -> None:
    process = workbench.start("run", slow_script, "hello")
    assert process.stdout is not None and process.stdout.read(1) == b"Y"
    engines = engines_of(process)
    process.stdout.close()
    process.stdout = None
    _, told = process.communicate(timeout=PATIENCE)
    assert (process.returncode, told) == (141, b"")
    assert all_gone(engines)


def test_a_killed_command_leaves_no_engine(workbench: Workbench, slow_script: str) -> None:
    process = workbench.start("run", slow_script, "hello")
    assert process.stdout is not None and process.stdout.read(1) == b"Y"
    engines = engines_of(process)
    process.kill()
    process.communicate(timeout=PATIENCE)
    assert all_gone(engines)


def test_a_killed_engine_is_told_with_its_own_exit_code(workbench: Workbench, slow_script: str) -> None:
    process = workbench.start("run", slow_script, "hello")
    assert process.stdout is not None and process.stdout.read(1) == b"Y"
    os.kill(engines_of(process)[0].pid, signal.SIGKILL)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 7
    assert b"signal 9" in told and b"Traceback" not in told


def test_a_full_disk_is_told(workbench: Workbench, script: str) -> None:
    with open("/dev/full", "wb") as full:
        process = subprocess.Popen(
            [*COMMAND, "run", script, "hello"],
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            env=workbench.environment,
        )
        _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert told.startswith(b"The output cannot be written: No space left on device.\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_stream_that_the_caller_closed_does_no_harm(workbench: Workbench, script: str, closed: str) -> None:
    line = shlex.join([*COMMAND, "run", script, "weather"])
    done = subprocess.run(
        ["sh", "-c", f"{line} {closed}"],
        capture_output=True,
        text=True,
        env=workbench.environment,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("" if closed == ">&-" else "I do not look out of the window.\n")
