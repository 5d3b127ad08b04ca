"""The hook: marks, files that are not its own, and the conditions under which it has to work."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import Bake
from project import Command, contents, environment
from rendering import HOOK, ROOT, Renderer


def run_hook(renderer: Renderer, folder: Path, **answers: str | bool) -> str:
    """Run the hook in `folder` as cruft would, and return what it prints."""
    hook = folder.parent / "hook.py"
    hook.write_text(renderer.text((ROOT / HOOK).read_text("utf-8"), renderer.context(answers)))
    command = [sys.executable, str(hook)]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def write(folder: Path, *names: str) -> None:
    """Write files that hold their own names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_marks_are_obeyed_in_every_part_of_a_path(renderer: Renderer, tmp_path: Path) -> None:
    project = tmp_path / "project"
    write(
        project,
        "package/__init__.py",
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
    run_hook(renderer, project, ci="gitlab", license="Apache-2.0", database="postgresql")
    assert contents(project) == {
        "package/__init__.py": b"package/__init__@always.py",
        "session.py": b"session@database=postgresql.py",
        "both.py": b"both@database=sqlite+postgresql.py",
        "LICENSE": b"LICENSE@license=Apache-2.0",
        "image.txt": b"image@python_version=3.13.txt",
        ".gitlab-ci.yml": b".gitlab-ci@ci=gitlab.yml",
        "items/router.py": b"items@example/router.py",
        "tests/items/test_router.py": b"tests/items@example/test_router.py",
    }
    assert not [path for path in project.rglob("*") if path.is_dir() and not list(path.iterdir())]


def test_what_was_not_chosen_is_removed_with_its_folders(
    renderer: Renderer, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    write(project, "items@example/a/b/c.py", ".github@ci=github/workflows/x.yml", "kept.py")
    run_hook(renderer, project, ci="none", example=False)
    assert [path.name for path in project.iterdir()] == ["kept.py"]


def test_names_that_are_no_marks_are_left_alone(renderer: Renderer, tmp_path: Path) -> None:
    project = tmp_path / "project"
    own = ["icon@2x.png", "me@mine/x.py", "@scope/a.js", "a@b", "x@databases=y.py", "mail@.txt"]
    write(project, *own)
    run_hook(renderer, project)
    assert sorted(contents(project)) == sorted(own)


def test_files_are_merged_into_a_folder_that_exists(renderer: Renderer, tmp_path: Path) -> None:
    project = tmp_path / "project"
    write(project, "items/mine.py", "items/router.py", "items@example/router.py")
    run_hook(renderer, project)
    assert contents(project) == {
        "items/mine.py": b"items/mine.py",
        "items/router.py": b"items@example/router.py",
    }


def test_a_second_run_changes_nothing(bake: Bake, renderer: Renderer) -> None:
    project = bake()
    before = project.files
    assert run_hook(renderer, project.path) == ""
    assert project.files == before


def test_forcing_a_bake_keeps_files_of_the_user(command: Command) -> None:
    assert command().returncode == 0
    project = command.output / "orders-api"
    write(project, "src/orders_api/features/invoices/router.py", "icon@2x.png")
    before = contents(project)
    done = command("-f")
    assert done.returncode == 0, done.stdout + done.stderr
    assert contents(project) == before


def test_a_service_made_without_the_hook_says_so(command: Command) -> None:
    assert command("--accept-hooks", "no").returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", "import orders_api"],
        env=environment(PYTHONPATH=str(command.output / "orders-api" / "src")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "hook" in done.stderr.splitlines()[-1]


def test_the_next_steps_are_printed_in_ascii(command: Command) -> None:
    done = command("project_name=Ünïcödé 日本")
    assert done.returncode == 0
    assert done.stdout.isascii()
    for step in (
        "cd unicode-ri-ben\n",
        "uv run unicode-ri-ben dev\n",
        "uv run pytest\n",
        'git init && git add -A && git commit -m "Start from fastapi-template v',
    ):
        assert step in done.stdout


def test_the_next_steps_begin_with_the_database_where_there_is_a_server(
    command: Command,
) -> None:
    assert "make db" not in command("project_slug=small").stdout
    steps = command("project_slug=large", "database=postgresql").stdout
    assert steps.index("make db\n") < steps.index("uv run large dev\n")


def test_it_works_without_git_with_a_strict_umask_and_an_odd_path(
    template: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "a folder, 'quoted' é"
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
    assert (command.output / "orders-api" / "pyproject.toml").is_file()
    assert list(command.output.rglob("*@*")) == []


def test_a_replay_makes_the_same_project(command: Command) -> None:
    assert command("project_name=Bills", "example=no").returncode == 0
    first = command.output / "bills"
    before = contents(first)
    shutil.rmtree(first)
    assert command("--replay").returncode == 0
    assert contents(first) == before


def test_a_hook_that_fails_leaves_no_half_project(command: Command, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(command.template, broken)
    with (broken / HOOK).open("a", encoding="utf-8") as hook:
        hook.write("\nraise SystemExit(3)\n")
    assert Command(broken, tmp_path / "broken")().returncode == 1
    assert list((tmp_path / "broken" / "output").iterdir()) == []
