"""What `make containers` says where it cannot work, and of a check that fails."""

import shutil

import pytest
from containers import __main__ as command
from containers.checks import Checks


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stopped:
        command.main("", pull=False)
    assert stopped.value.code == 2
    return capsys.readouterr().err


def test_whoever_is_not_root_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert refusal(capsys) == (
        "`make containers` needs root, to make namespaces and networks of its own.\n"
    )


def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: None if name in {"runc", "strip"} else name)
    assert refusal(capsys) == "`make containers` needs: apt-get install runc binutils\n"


def test_a_check_that_fails_ends_its_group_and_the_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    checks = Checks()
    with checks.group():
        with checks("one"):
            raise ValueError("wrong")
        with checks("never reached"):
            pass
    with checks.group(), checks("another") as said:
        said.append("a figure")
    with pytest.raises(SystemExit) as stopped:
        checks.finish()
    assert stopped.value.code == 1
    printed = capsys.readouterr().out
    assert "FAIL one  ValueError: wrong\n" in printed
    assert "never reached" not in printed
    assert printed.endswith("\n1 of 2 container checks hold\n")


def test_no_check_at_all_is_no_success() -> None:
    with pytest.raises(SystemExit):
        Checks().finish()
