"""The hook: marks, files that are not its own, and the conditions under which it has to work."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from baking import contents, environment
from conftest import Bake
from project import Command
from rendering import HOOK, ROOT, SERVICE, Renderer, combinations, known_files

VERSION = json.loads((ROOT / "cookiecutter.json").read_text("utf-8"))["_template_version"]
Obey = Callable[..., dict[str, bytes]]


def rendered_hook(renderer: Renderer, **answers: str | bool) -> str:
    """Return the hook as Cookiecutter would run it."""
    return renderer.text((ROOT / HOOK).read_text("utf-8"), renderer.context(answers))


def loaded_hook(renderer: Renderer, **answers: str | bool) -> dict[str, Any]:
    """Return what the hook defines, without running it."""
    hook: dict[str, Any] = {"__name__": "hook"}
    exec(rendered_hook(renderer, **answers), hook)  # noqa: S102
    return hook


def run_hook(renderer: Renderer, folder: Path, **answers: str | bool) -> str:
    """Run the hook in `folder` as cruft would, and return what it prints."""
    hook = folder.parent / "hook.py"
    hook.write_text(rendered_hook(renderer, **answers))
    command = [sys.executable, "-I", "-S", "-W", "error", str(hook)]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def obey(renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Obey:
    """Return `obey(*files, **answers)`: what the hook makes of them, were they the template's."""
    monkeypatch.chdir(tmp_path)

    def obey(*files: str, **answers: str | bool) -> dict[str, bytes]:
        write(tmp_path, *files)
        loaded_hook(renderer, **answers)["obey_marks"](files)
        return contents(tmp_path)

    return obey


def write(folder: Path, *names: str) -> None:
    """Write files that hold their own names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def empty_folders(folder: Path) -> list[Path]:
    """Return the folders below `folder` with nothing in them."""
    return [path for path in folder.rglob("*") if path.is_dir() and not any(path.iterdir())]


def test_marks_are_obeyed_in_every_part_of_a_path(obey: Obey, tmp_path: Path) -> None:
    files = (
        "package/__init__@always.py",
        "session@database=sqlite.py",
        "session@database=postgresql.py",
        "both@database=sqlite+postgresql.py",
        "LICENSE@license=Apache-2.0",
        "LICENSE@license=MIT",
        "image@python_version=3.13.txt",
        ".gitlab-ci@ci=gitlab.yml",
        ".github@ci=github/workflows/check.yml",
        "items@example/router.py",
        "items@example/deep/none@ci=none.tar.gz",
        "tests/items@example/test_router.py",
    )
    write(tmp_path, "package/__init__.py")
    assert obey(*files, ci="gitlab", license="Apache-2.0", database="postgresql") == {
        "package/__init__.py": b"package/__init__@always.py",
        "session.py": b"session@database=postgresql.py",
        "both.py": b"both@database=sqlite+postgresql.py",
        "LICENSE": b"LICENSE@license=Apache-2.0",
        "image.txt": b"image@python_version=3.13.txt",
        ".gitlab-ci.yml": b".gitlab-ci@ci=gitlab.yml",
        "items/router.py": b"items@example/router.py",
        "tests/items/test_router.py": b"tests/items@example/test_router.py",
    }
    assert empty_folders(tmp_path) == []


def test_what_was_not_chosen_is_removed_with_its_folders(obey: Obey, tmp_path: Path) -> None:
    write(tmp_path, "kept.py")
    obey("items@example/a/b/c.py", ".github@ci=github/workflows/x.yml", ci="none", example=False)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.py"]


def test_files_are_merged_into_a_folder_that_exists(obey: Obey, tmp_path: Path) -> None:
    write(tmp_path, "items/mine.py", "items/router.py")
    assert obey("items@example/router.py") == {
        "items/mine.py": b"items/mine.py",
        "items/router.py": b"items@example/router.py",
    }


def test_a_file_in_a_marked_folder_that_the_template_does_not_have_stays(
    obey: Obey, tmp_path: Path
) -> None:
    write(tmp_path, "items@example/mine.py")
    assert obey("items@example/router.py", example=False) == {
        "items@example/mine.py": b"items@example/mine.py"
    }


@pytest.mark.parametrize("answers", [{}, {"example": False}], ids=["chosen", "not chosen"])
def test_files_of_the_user_are_left_alone_whatever_their_names(
    renderer: Renderer, tmp_path: Path, answers: dict[str, bool]
) -> None:
    project = tmp_path / "project"
    own = (
        "me@example", "me@example.com", "a@always.py", "notes@database=sqlite.md", "v@ci=none/a",
        "items@example/mine.py", "src/orders_api/features/items@example/mine.py", "x@license=MIT",
        "icon@2x.png", "me@mine/x.py", "@scope/a.js", "a@b", "x@databases=y.py", "mail@.txt",
    )  # fmt: skip
    write(project, *own)
    run_hook(renderer, project, **answers)
    assert sorted(contents(project)) == sorted(own)


def test_no_two_files_of_the_template_go_to_the_same_place(renderer: Renderer) -> None:
    """Cookiecutter would write both, and the last one would win.

    Intended only for the files that take the place of those which say that this hook did not run.
    """
    paths = ["/".join(path.parts[1:]) for path in known_files() if path.parts[0] == SERVICE]
    plain = [
        path.replace("{{cookiecutter.__package}}", "orders_api")
        for path in paths
        if "@" not in path
    ]
    for answers in combinations():
        hook = loaded_hook(renderer, **answers)
        marked = [file for file in hook["MARKED"] if "@always" not in file]
        named = [[hook["resolve"](part) for part in file.split("/")] for file in marked]
        targets = plain + ["/".join(names) for names in named if None not in names]
        assert len(targets) == len(set(targets)), answers


def test_it_needs_nothing_but_files_and_the_standard_library() -> None:
    tree = ast.parse((ROOT / HOOK).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {ast.unparse(node) for node in imports} == {
        "import json",
        "import re",
        "from pathlib import Path",
        "from shlex import quote",
        "from textwrap import wrap",
    }


def test_a_second_run_changes_nothing(bake: Bake, renderer: Renderer) -> None:
    project = bake()
    before = project.files
    assert run_hook(renderer, project.path) == ""
    assert project.files == before


def test_forcing_a_bake_keeps_files_of_the_user(command: Command) -> None:
    """Also those whose names look like marks, which are not the template's."""
    assert command().returncode == 0
    project = command.output / "orders-api"
    write(
        project,
        "src/orders_api/features/invoices/router.py",
        "src/orders_api/features/items@example/mine.py",
        "icon@2x.png",
        "me@example.com",
        "LICENSE@license=BSD-2-Clause",
    )
    before = contents(project)
    for answers in ([], ["example=no"]):
        done = command("-f", *answers)
        assert done.returncode == 0, done.stdout + done.stderr
        assert contents(project).keys() == before.keys()
    assert command("-f").returncode == 0
    assert contents(project) == before


def test_skipping_files_that_exist_keeps_what_the_user_changed(command: Command) -> None:
    assert command("-s").returncode == 0
    project = command.output / "orders-api"
    assert "not complete" not in (project / "src" / "orders_api" / "__init__.py").read_text()
    engine = "src/orders_api/core/db/engine.py"
    write(project, "README.md", engine, "tests/helpers/database.py")
    (project / "Makefile").unlink()
    before = contents(project)
    done = command("-f", "-s")
    assert done.returncode == 0, done.stdout + done.stderr
    after = contents(project)
    assert "Makefile" in after
    assert before.items() <= after.items()
    assert after.keys() == before.keys() | {"Makefile"}


def test_a_service_made_without_the_hook_says_so_in_one_sentence(command: Command) -> None:
    assert command("--accept-hooks", "no").returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", "import orders_api"],
        env=environment(PYTHONPATH=str(command.output / "orders-api" / "src")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ImportError: This project is not complete: ")


def test_the_next_steps_are_printed_in_ascii(command: Command) -> None:
    done = command("project_name=Ünïcödé 日本", "license=BSD-3-Clause", "example=no")
    assert done.returncode == 0
    assert done.stdout.isascii()
    folder = command.output / "unicode-ri-ben"
    assert done.stdout.splitlines() == [
        "",
        f"Made {folder}",
        "with database=sqlite kubernetes=yes ci=github example=no python_version=3.13",
        "license=BSD-3-Clause",
        "deploy/ runs one replica: SQLite is a file on one disk.",
        "",
        "Next:",
        f"  cd {folder}",
        "  uv run unicode-ri-ben dev",
        "  uv run pytest",
        f'  git init && git add -A && git commit -m "Start from fastapi-template v{VERSION}"',
    ]


def test_the_first_step_leads_into_the_project_from_where_it_was_made(command: Command) -> None:
    for output, step in (
        (".", "  cd orders-api\n"),
        ("a/b", "  cd a/b/orders-api\n"),
        ("a b'c", "  cd 'a b'\"'\"'c/orders-api'\n"),
    ):
        assert step in command("-o", output).stdout


def test_the_next_steps_begin_with_the_database_where_there_is_a_server(
    command: Command,
) -> None:
    assert "make db" not in command("project_slug=small").stdout
    steps = command("project_slug=large", "database=postgresql").stdout
    assert "large\n  make db\n  uv run large dev\n" in steps


def test_it_works_without_git_with_a_strict_umask_and_an_odd_path(
    template: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "a folder, 'quoted' \"twice\" $HOME é日"
    folder.mkdir()
    shutil.copytree(template, folder / "template")
    command = Command(folder / "template", folder)
    previous = os.umask(0o077)
    try:
        done = command(PATH="")
    finally:
        os.umask(previous)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.isascii()
    made = command.output / "orders-api"
    assert list(made.rglob("*@*")) == []
    assert {path.stat().st_mode & 0o777 for path in made.rglob("*") if path.is_dir()} == {0o700}
    assert all(os.access(path, os.R_OK | os.W_OK) for path in made.rglob("*") if path.is_file())


def test_a_path_relative_to_the_current_folder_will_do(template: Path, tmp_path: Path) -> None:
    shutil.copytree(template, tmp_path / "copy")
    command = Command(Path("copy"), tmp_path)
    assert command().returncode == 0
    assert list(command.output.rglob("*@*")) == []


def test_it_works_inside_another_repository_and_leaves_that_alone(command: Command) -> None:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=command.output,
            env=environment(HOME=str(command.folder), GIT_CONFIG_GLOBAL=os.devnull),
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    git("init", "-q")
    before = contents(command.output / ".git")
    assert command().returncode == 0
    assert contents(command.output / ".git") == before
    assert git("status", "--porcelain") == "?? orders-api/\n"
    assert not (command.output / "orders-api" / ".git").exists()


def test_a_replay_makes_the_same_project(command: Command) -> None:
    assert command("project_name=Bills", "example=no").returncode == 0
    first = command.output / "bills"
    before = contents(first)
    shutil.rmtree(first)
    assert command("--replay").returncode == 0
    assert contents(first) == before


def test_a_replay_file_makes_the_same_project(command: Command) -> None:
    assert command("project_name=Bills", "database=postgresql").returncode == 0
    before = contents(command.output / "bills")
    shutil.rmtree(command.output / "bills")
    (answers,) = (command.folder / "home").rglob("*.json")
    done = command("--replay-file", str(answers), typed="")
    assert done.returncode == 0, done.stdout + done.stderr
    assert contents(command.output / "bills") == before


@pytest.fixture
def failing(template: Path, tmp_path: Path) -> Command:
    """Return the command for a template whose hook fails after all it has done."""
    broken = tmp_path / "broken"
    shutil.copytree(template, broken)
    with (broken / HOOK).open("a", encoding="utf-8") as hook:
        hook.write("\nraise SystemExit(3)\n")
    return Command(broken, broken)


def test_a_hook_that_fails_leaves_no_half_project(failing: Command) -> None:
    assert failing().returncode == 1
    assert list(failing.output.iterdir()) == []


def test_a_hook_that_fails_removes_nothing_that_was_there(failing: Command) -> None:
    write(failing.output / "orders-api", "mine.txt")
    assert failing("-f").returncode == 1
    assert (failing.output / "orders-api" / "mine.txt").read_text() == "mine.txt"


def test_the_folder_of_the_service_holds_no_empty_folder() -> None:
    """Cookiecutter would make it in every project, though git does not know it."""
    known = {parent for path in known_files() for parent in path.parents}
    folders = [path.relative_to(ROOT) for path in (ROOT / SERVICE).rglob("*") if path.is_dir()]
    assert set(folders) <= known
