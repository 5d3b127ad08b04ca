"""What a test can do with a project, and with the command that makes one."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from baking import contents, environment


@dataclass(frozen=True)
class BakedProject:
    """A project on disk."""

    path: Path
    context: Mapping[str, Any]

    @property
    def files(self) -> dict[str, bytes]:
        """Every file by its path in the project."""
        return contents(self.path)

    def has_file(self, name: str) -> bool:
        """Return whether there is such a file."""
        return (self.path / name).is_file()

    def read(self, name: str) -> str:
        """Return a file's text."""
        return (self.path / name).read_text(encoding="utf-8")

    def run(self, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the project's folder, whether it succeeds or not."""
        return subprocess.run(
            command,
            cwd=self.path,
            env=environment(**variables),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=300,
        )

    def must_run(self, *command: str, **variables: str) -> str:
        """Run a command that has to succeed, and return what it prints."""
        done = self.run(*command, **variables)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout


@dataclass(frozen=True)
class Command:
    """The `cookiecutter` command, in a home folder of its own."""

    template: Path
    folder: Path
    output: Path = field(init=False)

    def __post_init__(self) -> None:
        """Make the folder that it writes to."""
        object.__setattr__(self, "output", self.folder / "output")
        self.output.mkdir()
        (self.folder / "home").mkdir()

    def __call__(
        self, *arguments: str, typed: str | None = None, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run it with the answers on the command line, or with what is `typed` at its questions."""
        command = [sys.executable, "-m", "cookiecutter", str(self.template)]
        asking = ["--no-input"] if typed is None and "--replay" not in arguments else []
        return subprocess.run(
            [*command, "-o", str(self.output), *asking, *arguments],
            cwd=self.folder,
            env=environment(HOME=str(self.folder / "home"), **variables),
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
