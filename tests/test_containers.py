"""What `make containers` says where it cannot work, and of a check that fails."""

import shutil
from pathlib import Path

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
    with checks.group("a group"):
        with checks("one") as said:
            said.append("3 s")
            raise ValueError("wrong")
        with checks("never reached"):
            pass
    with checks.group("a group"), checks("another") as said:
        said.append("a figure")
    with pytest.raises(SystemExit) as stopped:
        checks.finish()
    assert stopped.value.code == 1
    printed = capsys.readouterr().out
    assert "FAIL one  3 s, ValueError: wrong\n" in printed
    assert "never reached" not in printed
    assert printed.endswith("\n1 of 2 container checks hold\n")


def test_an_assertion_without_words_shows_its_line() -> None:
    checks = Checks()
    with checks.group("a group"), checks("one"):
        raise AssertionError
    assert [figures for _, _, _, figures in checks.results] == [
        "AssertionError: raise AssertionError"
    ]


def test_what_goes_wrong_around_the_checks_of_a_group_is_in_the_list() -> None:
    checks = Checks()
    with checks.group("a group"):
        raise RuntimeError("no image")
    ((name, holds, _, figures),) = checks.results
    assert (name, holds, figures) == ("a group", False, "RuntimeError: no image")


def test_the_newest_python_is_found_by_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    for version in ("3.13.9", "3.13.10", "3.13.11t", "3.12.1"):
        (tmp_path / "versions" / version).mkdir(parents=True)
    assert command.python_prefix("3.13") == tmp_path / "versions" / "3.13.10"
    assert command.python_prefix("3.11") is None


def test_no_check_at_all_is_no_success() -> None:
    with pytest.raises(SystemExit):
        Checks().finish()
