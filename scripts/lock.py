"""Writes the service's uv.lock: one lock in which every answer finds exactly what it needs.

    python scripts/lock.py [arguments for `uv lock`, like --upgrade]

The service's pyproject.toml holds the dependencies of all answers, with `# {% if ... %}` lines
round those that only some answers need. uv locks them all together. The same lines then go round
the same entries of the lock, and round the packages that are reached through nothing else.
"""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SERVICE = Path(__file__).resolve().parent.parent / "{{cookiecutter.project_slug}}"
ROOT = "orders-api"  # the default answer: its lock is then what uv itself would write, to the byte
ROOT_NAME = 'name = "{{ cookiecutter.project_slug }}"'
IF = re.compile(r"\s*# \{% if (.+) %\}")
NEGATION = re.compile(r"^not |!=")
TAG = re.compile(r"\s*# \{%")
ENTRY = re.compile(r'    \{ name = "([^"]+)"')

Conditions = frozenset[str]
ALWAYS: Conditions = frozenset()
# When something is needed: under any of several conditions. By group, package and extra, where ""
# stands for the package itself; then by package and extra.
Needs = dict[tuple[str, str, str], set[Conditions]]
Reached = dict[tuple[str, str], set[Conditions]]
Graph = dict[tuple[str, str], list[dict[str, Any]]]


def guarded_lines(text: str) -> Iterator[tuple[str, Conditions]]:
    """Yield each line of `text` that is no tag, with the conditions that it stands under.

    Raises ValueError for a tag that is neither `if` nor `endif`.
    """
    conditions: list[str] = []
    for line in text.splitlines(keepends=True):
        if match := IF.match(line):
            conditions.append(match[1])
        elif TAG.match(line):
            if line.strip() != "# {% endif %}":
                raise ValueError(f"pyproject.toml may hold only if and endif, not {line.strip()}")
            conditions.pop()
        else:
            yield line, frozenset(conditions)


def superset(text: str) -> str:
    """Return a file of the service with what all answers need, as TOML that uv understands.

    What stands under `not` or `!=` is the other side of something that stays, so it is left out.
    """
    lines = [line for line, tests in guarded_lines(text) if not any(map(NEGATION.search, tests))]
    named = "".join(lines).replace("{{ cookiecutter.project_slug }}", ROOT)
    return re.sub(r"\{\{ cookiecutter\.\w+ \}\}", "text", named)


def requirements(pyproject: dict[str, Any]) -> Iterator[tuple[str, Requirement]]:
    """Yield each dependency of a project with the group it is in ("" for those of the package)."""
    lists = {
        "": pyproject["project"].get("dependencies", []),
        **pyproject["project"].get("optional-dependencies", {}),
        **pyproject.get("dependency-groups", {}),
    }
    for group, entries in lists.items():
        for entry in entries:
            yield group, Requirement(entry)


def needs(template: str) -> Needs:
    """Return when the service whose pyproject.toml this is needs what."""
    lines = list(guarded_lines(template))
    needed: Needs = defaultdict(set)
    for chosen in {conditions for _, conditions in lines}:
        text = "".join(line for line, conditions in lines if conditions <= chosen)
        for group, requirement in requirements(tomllib.loads(superset(text))):
            for extra in ("", *requirement.extras):
                needed[group, canonicalize_name(requirement.name), extra].add(chosen)
    return {key: least(conditions) for key, conditions in needed.items()}


def least(alternatives: Iterable[Conditions]) -> set[Conditions]:
    """Return the alternatives without those that another one covers: `a` covers `a and b`."""
    all_of_them = set(alternatives)
    return {one for one in all_of_them if not any(other < one for other in all_of_them)}


def dependencies(lock: dict[str, Any]) -> Graph:
    """Return what each package and extra of a lock depends on.

    A package that is locked in several versions, for several Pythons, depends on what any does.
    """
    found: Graph = defaultdict(list)
    for package in lock["package"]:
        found[package["name"], ""] += package.get("dependencies", [])
        for extra, entries in package.get("optional-dependencies", {}).items():
            found[package["name"], extra] += entries
    return found


def reach(needed: Needs, locked: Graph) -> Reached:
    """Return when each package and extra of a lock is reached from what the service needs."""
    reached: Reached = defaultdict(set)
    waiting = [
        ((name, extra), conditions)
        for (_, name, extra), alternatives in needed.items()
        for conditions in alternatives
    ]
    while waiting:
        key, conditions = waiting.pop()
        if any(other <= conditions for other in reached[key]):
            continue
        reached[key] = least(reached[key] | {conditions})
        waiting += [
            ((entry["name"], extra), conditions)
            for entry in locked[key]
            for extra in ("", *entry.get("extra", []))
        ]
    return reached


def condition(alternatives: set[Conditions]) -> str:
    """Return the text of a Jinja condition; "" if it always holds."""
    if ALWAYS in alternatives:
        return ""
    parts = sorted(" and ".join(sorted(alternative)) for alternative in alternatives)
    return " or ".join(
        f"({part})" if " and " in part and len(parts) > 1 else part for part in parts
    )


def root_entry(block: str, needed: Needs) -> Iterator[tuple[str, str]]:
    """Yield each line of the lock's entry for the service, with the condition it stands under."""
    group = ""
    for line in block.replace(f'name = "{ROOT}"', ROOT_NAME).splitlines(keepends=True):
        if match := re.match(r"([\w-]+) = \[", line):
            group = "" if match[1] in {"dependencies", "requires-dist"} else match[1]
        extra = re.search(r"extra == '([^']+)'", line)
        entry = ENTRY.match(line)
        yield line, condition(needed[extra[1] if extra else group, entry[1], ""]) if entry else ""


def package_entry(block: str, reached: Reached) -> tuple[str, str]:
    """Return a package's entry of the lock, with the condition that leads to it.

    Raises ValueError if one of its extras is needed under other conditions than itself.
    """
    package = tomllib.loads(block)["package"][0]
    name = package["name"]
    for extra in package.get("optional-dependencies", {}):
        if reached[name, extra] != reached[name, ""]:
            raise ValueError(f"not every answer that needs {name} needs {name}[{extra}]")
    return block, condition(reached[name, ""])


def conditioned(lock: str, pyproject_template: str) -> str:
    """Return the superset's lock with the conditions of the template's pyproject.toml in it."""
    needed = needs(pyproject_template)
    reached = reach(needed, dependencies(tomllib.loads(lock)))
    head, *blocks = re.split(r"(?m)^(?=\[\[package\]\]$)", lock)
    parts = [(head, "")]
    for block in blocks:
        if block.startswith(f'[[package]]\nname = "{ROOT}"\n'):
            parts += root_entry(block, needed)
        else:
            parts.append(package_entry(block, reached))
    return "".join(guarded(parts))


def guarded(parts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield texts with the tags round them under whose condition they stand."""
    for test, run in groupby(parts, key=lambda part: part[1]):
        text = "".join(part for part, _ in run)
        yield f"# {{% if {test} %}}\n{text}# {{% endif %}}\n" if test else text


def lock_superset(folder: Path, arguments: list[str]) -> str:
    """Let uv lock the dependencies of all answers in `folder`, and return the lock.

    Settings and variables that name another index do not count: the lock is for everybody. Raises
    CalledProcessError if uv finds no solution, ValueError if the lock holds what is only here.
    """
    for name in ("pyproject.toml", "uv.lock"):
        if (SERVICE / name).exists():
            text = superset((SERVICE / name).read_text(encoding="utf-8"))
            (folder / name).write_text(text, encoding="utf-8")
    local = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX", "UV_FIND_LINKS")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(local)}
    command = ["uv", "lock", "--no-config", *arguments]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    lock = (folder / "uv.lock").read_text(encoding="utf-8")
    if found := re.search(r"file:|path = |localhost|127\.0\.0\.1", lock):
        raise ValueError(f"the lock names something that is only here: {found[0]}")
    return lock


def main() -> None:
    """Write the service's uv.lock; the arguments go to uv."""
    with tempfile.TemporaryDirectory() as folder:
        lock = lock_superset(Path(folder), sys.argv[1:])
    template = (SERVICE / "pyproject.toml").read_text(encoding="utf-8")
    text = conditioned(lock, template)
    (SERVICE / "uv.lock").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
