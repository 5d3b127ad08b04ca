"""The fixtures: the template as git knows it, a bake of it, and the `cookiecutter` command."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from baking import copy_template
from postgresql import folder_for_all
from project import BakedProject, Command
from pytest_cookies.plugin import Cookies
from rendering import ROOT, Answers, Files, Renderer, combinations

Bake = Callable[..., BakedProject]
Every = list[tuple[Answers, Files]]
Report = Callable[[str], None]
FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the template."""
    copy = tmp_path_factory.mktemp("template")
    copy_template(copy)
    return copy


@pytest.fixture
def copy(template: Path, tmp_path: Path) -> Path:
    """Return a copy of the template to change, as a git repository."""
    copy = tmp_path / "template"
    shutil.copytree(template, copy)
    subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
    return copy


@pytest.fixture(scope="session")
def renderer(template: Path) -> Renderer:
    """Return a renderer of that copy."""
    files = [path.relative_to(template) for path in template.rglob("*") if path.is_file()]
    return Renderer(template, files)


@pytest.fixture(scope="session")
def every(renderer: Renderer) -> Every:
    """Return every combination of answers, with the files that it renders to."""
    return list(zip(combinations(), renderer.render_all(combinations()), strict=True))


@pytest.fixture
def bake(cookies: Cookies, template: Path) -> Bake:
    """Return `bake(**answers)`, which makes a project. Raises what Cookiecutter raises."""
    questions = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))

    def bake(**answers: str | bool) -> BakedProject:
        assert answers.keys() <= questions.keys()  # Cookiecutter would ignore an unknown one
        result = cookies.bake(extra_context=answers, template=str(template))
        if result.exception:
            raise result.exception
        return BakedProject(result.project_path, result.context)

    return bake


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that other users may enter."""
    with folder_for_all() as folder:
        yield folder


@pytest.fixture
def command(tmp_path: Path, template: Path) -> Command:
    """Return the `cookiecutter` command, which writes below `command.output`."""
    return Command(template, tmp_path)


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Report:
    """Return `report(figure)`, which shows a measured figure after the tests."""
    return pytestconfig.stash.setdefault(FIGURES, []).append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show the figures."""
    for figure in config.stash.get(FIGURES, []):
        terminalreporter.write_line(figure)
