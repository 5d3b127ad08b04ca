"""Takes guards out and plants defects, one at a time: each time something must turn red.

    python scripts/bite.py [PART OF A NAME]

The guards stand in bites.toml: they are taken out of copies in build/bite, and a test must miss
them. The defects stand in defects.toml: the proof of all variants must see them. Exits 1 if nobody
notices one, or if a text is not where these files say.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from baking import bake, copy_template
from defects import Defect, Garden
from proof.processes import start, wait
from proof.services import python_for
from proof.trees import shared_server
from proof.variants import defaults
from proof.workshop import Workshop
from rendering import ROOT

FOLDER = ROOT / "build" / "bite"
BITES = ROOT / "scripts" / "bites.toml"
DEFECTS = ROOT / "scripts" / "defects.toml"
MOST_SECONDS = 300  # Tests that take longer hang.
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
        tests = [*python(self.copy), "-m", "pytest", "-q", "-x", "-rfE", *self.tests.split()]
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            status, _ = wait(start(tests, self.copy, output), MOST_SECONDS)
            output.seek(0)
            printed = output.read()
        if status not in {0, TEST_FAILED}:
            raise ValueError(f"The tests ended with {status}.\n{printed}")
        red = RED.search(printed)
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


def noticed(name: str, notice: Callable[[], str]) -> bool:
    """Do something to the template, print who noticed, and return whether anybody did."""
    start = time.monotonic()
    try:
        who = notice()
    except ValueError as error:
        who, missing = "", str(error)
    else:
        missing = "NOBODY NOTICED"
    print(f"{time.monotonic() - start:5.1f} s  {name}: {who or missing}", flush=True)
    return bool(who)


def entries(path: Path, kind: str, name: str, wanted: str) -> list[dict[str, str]]:
    """Return the entries of a file whose name holds `wanted`."""
    found = tomllib.loads(path.read_text(encoding="utf-8"))[kind]
    return [entry for entry in found if wanted in entry[name]]


def bites(wanted: str = "") -> list[Bite]:
    """Return the bites of every guard whose name holds `wanted`."""
    return [Bite(**entry) for entry in entries(BITES, "bite", "guard", wanted)]


def guards_noticed(wanted: str) -> list[bool]:
    """Take out every guard whose name holds `wanted`."""
    return [noticed(bite.guard, bite.take_out) for bite in bites(wanted)]


def _workshop(server: Callable[[], str]) -> Workshop:
    return Workshop(FOLDER / "workshop", python_for(defaults()), server)


def defects_noticed(wanted: str) -> list[bool]:
    """Plant every defect whose name holds `wanted`."""
    planted = [Defect(**entry) for entry in entries(DEFECTS, "defect", "name", wanted)]
    if not planted:
        return []
    # Those that need the same environment follow each other.
    defects = sorted(planted, key=lambda defect: defect.answers)
    with shared_server() as server, closing(_workshop(server)) as workshop:
        garden = Garden(template(), workshop, FOLDER / "scratch")
        return [noticed(defect.name, partial(garden.stage_that_sees, defect)) for defect in defects]


def main(wanted: str) -> None:
    """Take out every guard, and plant every defect, whose name holds `wanted`."""
    guards, defects = guards_noticed(wanted), defects_noticed(wanted)
    if guards:
        print(f"{sum(guards)} of {len(guards)} guards are missed when they are gone")
    if defects:
        print(f"{sum(defects)} of {len(defects)} defects turn the proof red")
    if not guards + defects:
        print(f'No guard and no defect is called like "{wanted}".')
    if not all(guards + defects) or not guards + defects:
        sys.exit(1)


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
