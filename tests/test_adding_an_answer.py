"""docs/adding-an-answer.md is right: its steps, taken to the letter, add an answer."""

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import pytest
from baking import environment
from markdown_it import MarkdownIt
from project import BakedProject, Command
from rendering import ROOT, choices, code_answers

DOCUMENT = ROOT / "docs" / "adding-an-answer.md"
STEP = re.compile(r"\d\. ")
GUARDS = ["tests/test_template.py", "tests/test_rendering.py", "tests/test_docs.py"]


@dataclass(frozen=True)
class Step:
    """What a step tells to do: changes of files, then commands."""

    title: str
    patches: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)


def steps() -> list[Step]:
    """Return the steps of the document."""
    found: list[Step] = []
    tokens = MarkdownIt("commonmark").parse(DOCUMENT.read_text(encoding="utf-8"))
    for token in tokens:
        if token.type == "inline" and STEP.match(token.content):
            found.append(Step(token.content))
        if token.type == "fence" and token.info == "diff":
            found[-1].patches.append(token.content)
        if token.type == "fence" and token.info == "console":
            found[-1].commands.extend(re.findall(r"(?m)^\$ (.+)$", token.content))
    return found


def run(
    folder: Path, *command: str, typed: str | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder, with the packages that these tests have and no others."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(UV_PROJECT_ENVIRONMENT=sys.prefix, UV_NO_SYNC="1"),
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


def apply(copy: Path, chosen: Sequence[Step]) -> None:
    """Make the changes that the steps show."""
    for step in chosen:
        for patch in step.patches:
            done = run(copy, "git", "apply", "--unidiff-zero", "-", typed=patch)
            assert done.returncode == 0, f"{step.title}\n{done.stderr}"


def commands(chosen: Sequence[Step], *options: str) -> list[list[str]]:
    """Return the commands that the steps tell to type, and the template's own tests."""
    typed = [command.split() for step in chosen for command in step.commands]
    return [*typed, [sys.executable, "-m", "pytest", "-q", *GUARDS, *options]]


def test_the_steps_add_an_answer(copy: Path) -> None:
    apply(copy, steps())
    for command in commands(steps(), "-k", "not bake and not style"):
        done = run(copy, *command)
        assert done.returncode == 0, done.stdout + done.stderr
    services = prod(map(len, choices().values()))
    trees = prod(len(choices()[name]) for name in code_answers())
    assert f"{2 * services} combinations of answers were rendered and parsed" in done.stdout
    assert f"in {2 * trees} ways" in (copy / "docs" / "answers.md").read_text(encoding="utf-8")


def test_a_service_with_the_answer_has_it_and_another_has_not(copy: Path, tmp_path: Path) -> None:
    apply(copy, steps())
    make = Command(copy, tmp_path)
    assert make("project_slug=silent").returncode == 0
    assert not list((make.output / "silent").rglob("*greeting*"))
    assert make("project_slug=polite", "greeting=yes").returncode == 0
    service = BakedProject(make.output / "polite", {})
    assert service.has_file("src/polite/features/greeting/router.py")
    for check in (["pytest", "tests/features/greeting"], ["ruff", "check"]):
        done = service.run("uv", "run", "--locked", *check)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("number", range(len(steps())), ids=lambda number: steps()[number].title)
def test_no_step_can_be_left_out(copy: Path, number: int) -> None:
    """What notices is a command of a later step, or one of the template's tests."""
    others = steps()[:number] + steps()[number + 1 :]
    apply(copy, others)
    some = ("-x", "-k", "template or about_code or without_effect or table")
    assert any(run(copy, *command).returncode == 1 for command in commands(others, *some))
