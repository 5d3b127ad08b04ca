"""The fixtures: the template as git knows it, a bake of it, and the `cookiecutter` command."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
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
FIGURE = "figure"


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


@pytest.fixture(scope="session", autouse=True)
def _types_of_libraries(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let all services share what mypy knows of their libraries: without, it takes most of a check.

    `make variants` checks some of them without.
    """
    os.environ["MYPY_CACHE_DIR"] = str(tmp_path_factory.mktemp("mypy"))


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Report:
    """Return `report(figure)`, which shows a measured figure after the tests."""
    return partial(record_property, FIGURE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures, whichever process measured them."""
    stats = terminalreporter.stats
    for one in chain(stats.get("passed", []), stats.get("failed", [])):
        for name, figure in one.user_properties:
            if name == FIGURE:
                terminalreporter.write_line(figure)
