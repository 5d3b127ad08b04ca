"""Makes services for scripts, and gives programs an environment without what would change them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rendering import ROOT, known_files

# What a program must not see: settings of another service, this template's own environment, and
# the options of the make that it was started by.
HIDDEN = (
    *("APP_", "TEST_DATABASE_URL", "UV_", "VIRTUAL_ENV", "PYTHON", "PYTEST_", "COVERAGE_"),
    *("MAKE", "MFLAGS"),
)
SHOWN = ("UV_CACHE_DIR", "UV_PYTHON_DOWNLOADS", "UV_OFFLINE", "UV_LINK_MODE", "UV_CONFIG_FILE")


def environment(**variables: str) -> dict[str, str]:
    """Return the variables for a program, without those that would change what it does."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in SHOWN or not name.startswith(HIDDEN)
    }
    return {**kept, **variables}


def copy_template(folder: Path) -> None:
    """Copy the template into `folder`, without what git does not know, such as caches."""
    for path in known_files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)


def cookiecutter(folder: Path, **answers: str) -> list[str]:
    """Return the command that makes a service in `folder`, whatever the user's own defaults are."""
    command = [sys.executable, "-m", "cookiecutter", str(ROOT), "--no-input", "--default-config"]
    return [
        *command,
        "-o",
        str(folder.resolve()),
        *(f"{name}={value}" for name, value in answers.items()),
    ]


def bake(folder: Path, **answers: str) -> Path:
    """Make a service, without a word, as the only thing in `folder`, and return its own folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = cookiecutter(folder, **answers)
    # Python would import the checks of the answers from where it starts.
    subprocess.run(command, cwd=folder, env=environment(), check=True, stdout=subprocess.DEVNULL)
    return next(folder.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files below `folder` by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
