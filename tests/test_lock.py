"""Every answer is born with a lock that holds what it needs, and nothing else."""

import re
import tomllib
from pathlib import Path

import lock
import pytest
import reserved_names
from conftest import Every
from project import BakedProject
from rendering import ROOT, Files

DEPENDENCIES = ("pyproject.toml", "uv.lock")


@pytest.fixture(scope="module")
def dependency_sets(every: Every) -> list[Files]:
    """Return the different pairs of pyproject.toml and uv.lock."""
    pairs = {tuple(files[name] for name in DEPENDENCIES) for _, files in every}
    return [dict(zip(DEPENDENCIES, pair, strict=True)) for pair in pairs]


def test_every_lock_holds_without_the_network(dependency_sets: list[Files], tmp_path: Path) -> None:
    for number, files in enumerate(dependency_sets):
        project = BakedProject(tmp_path / str(number), {})
        project.path.mkdir()
        for name, content in files.items():
            (project.path / name).write_bytes(content)
        done = project.run("uv", "lock", "--check", "--offline")
        assert done.returncode == 0, done.stderr


def test_no_lock_holds_what_its_project_does_not_reach(dependency_sets: list[Files]) -> None:
    for files in dependency_sets:
        locked = tomllib.loads(files["uv.lock"].decode())
        needed = lock.needs(files["pyproject.toml"].decode())
        reached = lock.reach(needed, lock.dependencies(locked))
        root = {tomllib.loads(files["pyproject.toml"].decode())["project"]["name"]}
        assert {name for name, _ in reached} == {one["name"] for one in locked["package"]} - root


def test_the_script_changes_nothing_when_run_again() -> None:
    committed = (lock.SERVICE / "uv.lock").read_text(encoding="utf-8")
    template = (lock.SERVICE / "pyproject.toml").read_text(encoding="utf-8")
    assert lock.conditioned(lock.superset(committed), template) == committed


def test_the_lock_is_for_every_machine() -> None:
    text = (lock.SERVICE / "uv.lock").read_text(encoding="utf-8")
    assert len(set(re.findall(r"registry = \"(.+?)\"", text))) == 1
    assert not re.search(r"file:|path = |localhost|/root|/home", text)


def test_the_reserved_names_are_those_of_the_lock() -> None:
    committed = (ROOT / "reserved_names.txt").read_text(encoding="utf-8").split()
    assert committed == reserved_names.reserved_names()


@pytest.mark.parametrize(
    ("alternatives", "text"),
    [
        ([["a"], ["b"]], "a or b"),
        ([["a"], ["a", "b"]], "a"),
        ([[], ["a"]], ""),
        ([["a", "b"], ["c"]], "(a and b) or c"),
    ],
)
def test_conditions_are_written_in_their_shortest_form(
    alternatives: list[list[str]], text: str
) -> None:
    assert lock.condition(lock.least(map(frozenset, alternatives))) == text
