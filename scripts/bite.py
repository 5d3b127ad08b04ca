"""Takes guards out, one at a time: each time a test must turn red.

    python scripts/bite.py [PART OF A GUARD'S NAME]

The guards stand in bites.toml. They are taken out of copies in build/bite. Exits 1 if a guard is
missed by nobody, or if its text is not where bites.toml says.
"""

import re
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from baking import bake, copy_template, environment
from rendering import ROOT

FOLDER = ROOT / "build" / "bite"
BITES = ROOT / "scripts" / "bites.toml"
TEST_FAILED = 1  # pytest's exit code; others say that it could not run at all
RED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Bite:
    """A guard, and how to take it out."""

    guard: str
    file: str
    old: str
    new: str
    tests: str
    database: str = "sqlite"

    @property
    def copy(self) -> Path:
        """The copy that the guard is in."""
        return template() if (ROOT / self.file).is_file() else service(self.database)

    def take_out(self) -> str:
        """Run the tests without the guard and return which one turned red, "" if none did.

        Raises ValueError if the guard is not there, or pytest cannot run.
        """
        path = self.copy / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} holds this {text.count(self.old)} times: {self.old}")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")
        try:
            return self._red_test()
        finally:
            path.write_text(text, encoding="utf-8")

    def _red_test(self) -> str:
        done = subprocess.run(
            [*python(self.copy), "-m", "pytest", "-q", "-x", "-rfE", *self.tests.split()],
            cwd=self.copy,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in {0, TEST_FAILED}:
            raise ValueError(f"The tests did not run.\n{done.stdout}{done.stderr}")
        red = RED.search(done.stdout)
        return red[1] if red else ""


def python(copy: Path) -> list[str]:
    """Return the command of the Python that has what the tests of a copy need."""
    if copy == FOLDER / "template":
        return [sys.executable]
    return ["uv", "run", "--quiet", "--locked", "python"]


@cache
def template() -> Path:
    """Return a copy of the template, in a git repository as its tests expect."""
    copy = FOLDER / "template"
    shutil.rmtree(copy, ignore_errors=True)
    copy_template(copy)
    for command in (["git", "init", "-q"], ["git", "add", "-A"]):
        subprocess.run(command, cwd=copy, check=True)
    return copy


@cache
def service(database: str) -> Path:
    """Return a service with items, made for a database."""
    return bake(FOLDER / database, database=database, example="yes")


def holds(bite: Bite) -> bool:
    """Take a guard out, print what came of it, and return whether somebody noticed."""
    start = time.monotonic()
    try:
        red = bite.take_out()
    except ValueError as error:
        red, missing = "", str(error)
    else:
        missing = "NOBODY NOTICED"
    print(f"{time.monotonic() - start:5.1f} s  {bite.guard}: {red or missing}", flush=True)
    return bool(red)


def main(wanted: str) -> None:
    """Take out every guard whose name holds `wanted`."""
    entries = tomllib.loads(BITES.read_text(encoding="utf-8"))["bite"]
    bites = [Bite(**entry) for entry in entries if wanted in entry["guard"]]
    held = sum(holds(bite) for bite in bites)
    print(f"{held} of {len(bites)} guards are missed when they are gone")
    if held < len(bites) or not bites:
        sys.exit(1)


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
