"""The covering set: few variants in which all values meet, and the Pythons that they run on."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, product
from pathlib import Path

from allpairspy import AllPairs
from baking import environment
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from rendering import ROOT, SERVICE, Answers, choices, code_answers

REQUIRES = re.compile(r'(?m)^requires-python = "(.+)"$')
FEWEST = 2  # that allpairspy takes
# It prints the interpreter itself, which a link or a version manager's stand-in leads to.
TRY = "import sqlite3, ssl, sys; print(sys._base_executable)"


@dataclass(frozen=True)
class Python:
    """An interpreter of this machine."""

    version: str
    path: Path

    @property
    def minor(self) -> str:
        """Its version, to which releases of security and repair are the same."""
        return ".".join(self.version.split(".")[:2])

    def __str__(self) -> str:
        """Return how people call it."""
        return f"Python {self.version}"


def covering() -> list[dict[str, str | bool]]:
    """Return variants in which any two values of two answers about code meet in one of them.

    The other answers take their values in turn. The first is made of first values only, so it is
    the default service.
    """
    return rows(choices(), code_answers())


def rows(
    values: Mapping[str, Sequence[str | bool]], code: Sequence[str]
) -> list[dict[str, str | bool]]:
    """Return `covering()` for any answers, with their possible values, of which `code` are."""
    others = {name: cycle(values[name]) for name in values if name not in code}
    return [
        dict(zip(code, row, strict=True)) | {name: next(turn) for name, turn in others.items()}
        for row in _pairwise([values[name] for name in code])
    ]


def service_on(database: str) -> dict[str, str | bool]:
    """Return the answers of the first covering service with a database and the sample feature."""
    wanted: Answers = {"database": database, "example": True}
    return next(answers for answers in covering() if wanted.items() <= answers.items())


def on_python(answers: Answers, minor: str) -> dict[str, str | bool]:
    """Return answers with a Python for image and pipeline, if that is one of the choices."""
    known = minor in choices()["python_version"]
    return {**answers, "python_version": minor} if known else dict(answers)


def pythons() -> list[Python]:
    """Return the Pythons of this machine that a service may use: one of each minor, newest first.

    They are those that uv finds, and those that are installed beside the one that runs. One that
    cannot make an environment, or lacks a part that services need, does not count.
    """
    found: dict[str, Python] = {}
    for python in sorted(_installed(), key=lambda one: Version(one.version), reverse=True):
        if python.minor not in found and (path := _tried(python.path)):
            found[python.minor] = Python(python.version, path)
    return list(found.values())


def _pairwise(values: Sequence[Sequence[str | bool]]) -> Iterator[Sequence[str | bool]]:
    """Yield rows with a value of each; where there are no pairs, each value is in one."""
    return iter(product(*values) if len(values) < FEWEST else AllPairs(values))


def _installed() -> Iterator[Python]:
    """Yield each Python that services allow, some of them several times."""
    command = ["uv", "python", "list", "--only-installed", "--output-format", "json"]
    done = subprocess.run(
        command, env=_environment(), check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    allowed = _allowed()
    for one in json.loads(done.stdout):
        usual = one["implementation"] == "cpython" and one["variant"] == "default"
        if usual and allowed.contains(one["version"], prereleases=False):
            yield Python(one["version"], Path(one["path"]))


def _environment() -> dict[str, str]:
    """Return the variables with which uv looks for Pythons, and fetches none.

    Version managers keep each Python in a folder of its own, one beside the other, and only some
    of them on the PATH.
    """
    beside = sorted(map(str, Path(sys.base_prefix).parent.glob("*/bin")))
    path = os.pathsep.join([os.environ["PATH"], *beside])
    return environment(PATH=path, UV_PYTHON_DOWNLOADS="never")


def _allowed() -> SpecifierSet:
    """Return the versions that services allow, which no answer changes."""
    pyproject = (ROOT / SERVICE / "pyproject.toml").read_text(encoding="utf-8")
    return SpecifierSet(REQUIRES.findall(pyproject)[0])


def _tried(path: Path) -> Path | None:
    """Return where a Python really is, None if no environment can be made with it."""
    isolated = ["uv", "run", "--quiet", "--no-project", "--isolated", "--no-config"]
    done = subprocess.run(
        [*isolated, "--python", str(path), "python", "-c", TRY],
        env=_environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    return Path(done.stdout.strip()) if done.returncode == 0 else None
