"""Each kind of error has an exit code, and errors are told in two lines."""

from __future__ import annotations

import pytest

from workbench import errors
from workbench.cli import main
from workbench.cli.exit_codes import BY_KIND, ExitCode
from workbench.errors import ModelNotFound, WorkbenchError


def test_every_kind_of_error_has_a_code() -> None:
    declared = [value for value in vars(errors).values() if isinstance(value, type)]
    assert set(BY_KIND) == {kind.kind for kind in declared if issubclass(kind, WorkbenchError)}
    assert ExitCode.OK not in BY_KIND.values()


def raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(main.cli, "main", fail)
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKBENCH_DEBUG", raising=False)


def test_an_error_is_its_message_and_its_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(ModelNotFound("It is not there.", "Look again."), monkeypatch) == 3
    assert capsys.readouterr() == ("", "It is not there.\nLook again.\n")


def test_an_error_without_a_remedy_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(WorkbenchError("It failed."), monkeypatch) == 1
    assert capsys.readouterr().err == "It failed.\n"


def test_a_mistake_of_ours_shows_no_traceback_until_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(ZeroDivisionError("by zero"), monkeypatch) == 1
    told = capsys.readouterr().err
    assert "ZeroDivisionError: by zero" in told and "Traceback" not in told
    monkeypatch.setenv("WORKBENCH_DEBUG", "1")
    assert raising(ZeroDivisionError("by zero"), monkeypatch) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(KeyboardInterrupt(), monkeypatch) == 130
    assert capsys.readouterr() == ("", "")
