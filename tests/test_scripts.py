"""The bootstrap: with only a Python it makes an uv, without a good one it says what is missing.

And the Makefile takes what is typed after a target for that target alone.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from baking import environment
from rendering import ROOT

TOOLS = ("sh", "cat", "dirname", "mv", "rm")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Return a folder with a copy of the script, on whose PATH is nothing but a few tools."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "uv", tmp_path / "scripts" / "uv")
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (tmp_path / "bin" / tool).symlink_to(found)
    return tmp_path


def program(path: Path, script: str) -> None:
    """Write a program."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def run_uv(machine: Path) -> "subprocess.CompletedProcess[str]":
    """Run the bootstrap."""
    return subprocess.run(
        ["sh", "scripts/uv", "--version"],
        cwd=machine,
        env={"PATH": str(machine / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_uv_on_the_path_is_used(machine: Path) -> None:
    program(machine / "bin" / "uv", 'echo "found $*"')
    assert run_uv(machine).stdout == "found --version\n"
    assert not (machine / ".uv").exists()


def test_a_machine_whose_python_is_too_old_is_told_so(machine: Path) -> None:
    older = "import sys; sys.version_info = (3, 10, 13); exec(sys.argv[1])"
    program(machine / "bin" / "python3", f"exec {sys.executable} -c '{older}' \"$2\"")
    done = run_uv(machine)
    assert done.returncode == 1
    assert done.stderr.startswith("This needs Python 3.11 or newer")
    assert len(done.stderr.splitlines()) == 1


def test_a_python_without_venv_is_told_the_remedies(machine: Path) -> None:
    program(machine / "bin" / "python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    done = run_uv(machine)
    assert done.returncode == 1
    assert "install uv" in done.stderr
    assert "python3-venv" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (machine / ".uv").exists()


def test_an_installation_that_fails_is_not_taken_for_a_whole_one(machine: Path) -> None:
    half_made = """case "$*" in
        *"-m venv"*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python";;
        *"-m pip"*) exit 7;;
    esac"""
    for tool in ("mkdir", "cp"):
        (machine / "bin" / tool).symlink_to(str(shutil.which(tool)))
    program(machine / "bin" / "python3", half_made)
    assert run_uv(machine).returncode == 7
    assert not (machine / ".uv").exists()
    assert run_uv(machine).returncode == 7


def test_a_make_that_another_one_starts_is_not_given_its_arguments() -> None:
    """Make exports them, and tests that `make test ARGS=...` runs start a make of their own."""
    inherited = environment(ARGS="--nonsense", REF="nonsense", ANSWERS="nonsense")
    targets = ["test", "variants", "variant", "diff", "lock"]
    for given, expected in (([], 0), (["ARGS=-k lock"], 4)):
        printed = subprocess.run(
            ["make", "-n", *targets, *given],
            cwd=ROOT,
            env=inherited,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert "nonsense" not in printed
        assert printed.count("-k lock") == expected
