"""Checks each file of the service that is no Python once, however many variants hold it.

`CHECKS` says which file is checked by what; it is the only place to name a new kind of file.
"""

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import cache, partial
from pathlib import Path
from typing import Any

from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for
from parsing import parse
from rendering import CODE_FOLDERS

from .cache import digest
from .model import Job, Kind, Stage
from .processes import measured
from .variants import Variants

# Looks at the file of this name, which stands in the folder like in a service.
Check = Callable[[str, Path], Stage]
FILE = "FILE"  # in a command, what stands for the name
TIMEOUT = 60
EXPECTED_SECONDS = 0.1


def program(stage: str, *command: str) -> Check:
    """Return the check by a program, which ends with 0 if the file is right."""

    def check(name: str, folder: Path) -> Stage:
        words = [name if word == FILE else word for word in command]
        # The settings in the home of whoever proves it would change what the programs find.
        home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        return measured(stage, [_found(words[0]), *words[1:]], folder, TIMEOUT, **home)

    return check


def function(stage: str, look: Callable[[str, bytes], object]) -> Check:
    """Return the check by a function of name and content, which raises ValueError for a wrong one.

    It costs no process.
    """

    def check(name: str, folder: Path) -> Stage:
        content = (folder / name).read_bytes()
        start, cpu_start = time.monotonic(), time.thread_time()
        error = ""
        try:
            look(name, content)
        except (ValueError, SyntaxError) as wrong:
            error = f"{name}: {wrong}"
        return Stage(stage, time.monotonic() - start, time.thread_time() - cpu_start, error)

    return check


def read_text(_name: str, content: bytes) -> None:
    """Raise ValueError unless this is UTF-8 whose every line, the last one too, ends with LF."""
    content.decode()
    if b"\r" in content:
        raise ValueError("it holds a carriage return.")
    if content and not content.endswith(b"\n"):
        raise ValueError("its last line does not end.")


def schema(title: str) -> Check:
    """Return the check of YAML by a schema that check-jsonschema brings."""
    return function("schema", partial(_validate, title))


def _validate(title: str, name: str, content: bytes) -> None:
    for document in parse(name, content) or [None]:
        if wrong := best_match(_validator(title).iter_errors(document)):
            # Where several schemas are possible, what is wrong with each says more than that.
            reasons = wrong.context or [wrong]
            raise ValueError("\n".join(f"{one.json_path}: {one.message}" for one in reasons))


@cache
def _validator(title: str) -> Any:  # noqa: ANN401  (jsonschema has no types)
    found = get_builtin_schema(f"vendor.{title}")
    return validator_for(found)(found)


def _found(program: str) -> Path | str:
    """Return where a program is that this Python's environment may have, else its name."""
    ours = Path(sys.executable).with_name(program)
    return ours if ours.exists() else program


ZIZMOR = program("zizmor", "zizmor", "--offline", "--quiet", FILE)
# A file is checked by all that stands behind the patterns that its path matches.
CHECKS: dict[str, Sequence[Check]] = {
    "*": [function("text", read_text), function("parse", parse)],
    ".github/workflows/*": [schema("github-workflows"), ZIZMOR],
    ".github/dependabot.yml": [schema("dependabot"), ZIZMOR],
    ".gitlab-ci.yml": [schema("gitlab-ci")],
    "Dockerfile": [program("hadolint", "hadolint", "--failure-threshold=style", FILE)],
    "Makefile": [program("make", "make", "--dry-run", "--file", FILE)],
    "compose.yaml": [program("compose", "docker-compose", "--file", FILE, "config", "--quiet")],
}


def findings(name: str, content: bytes, folder: Path) -> list[Stage]:
    """Return what each check says of a file, which is written to its place in `folder`."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return [check(name, folder) for check in _checks(name)]


def jobs(variants: Variants, runner: str) -> list[Job]:
    """Return a job for each distinct file; `runner` is a digest of the code that checks it."""
    return [
        Job(
            kind=Kind.FILE,
            subject=name,
            answers=variants.named(numbers),
            variants=numbers,
            run=partial(_run, name, content),
            expected_seconds=EXPECTED_SECONDS,
            digest=digest(name, content, runner),
        )
        for (name, content), numbers in _distinct(variants).items()
    ]


def _run(name: str, content: bytes, folder: Path) -> list[Stage]:
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        return findings(name, content, Path(fresh))


def _checks(name: str) -> list[Check]:
    return [check for pattern in CHECKS if fnmatchcase(name, pattern) for check in CHECKS[pattern]]


def _distinct(variants: Variants) -> dict[tuple[str, bytes], frozenset[int]]:
    """Return the variants that hold each file which is no code: that is proven with its tree."""
    holders: defaultdict[tuple[str, bytes], set[int]] = defaultdict(set)
    for number, files in enumerate(variants.files):
        for name, content in files.items():
            if not (name.endswith(".py") and name.startswith(CODE_FOLDERS)):
                holders[name, content].add(number)
    return {file: frozenset(numbers) for file, numbers in holders.items()}
