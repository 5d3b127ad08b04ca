"""Writes reserved_names.txt: what a service's package and command must not be called.

    python scripts/reserved_names.py

A package called like a module that the service imports hides it, a command called like another one
replaces it. So the names are those of Python itself, and everything that the service's lock brings.
"""

import keyword
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

import mypy
from lock import ROOT, SERVICE, superset
from packaging.utils import canonicalize_name

TARGET = SERVICE.parent / "reserved_names.txt"
# Folders of the project, commands it is used with, modules that the table of Python's lacks, and
# `app`: for a service of that name Kubernetes sets APP_... variables, which are its settings.
OURS = (
    "activate app cookiecutter cruft deploy docker docs git idlelib kubectl lib2to3 make "
    "migrations pip pip3 podman pydoc python python3 scripts src test tests turtledemo uv uvx venv"
)
MODULES = {".py", ".pyi", ".so", ".pyd"}
WINDOWS_DEVICES = ["aux", "con", "nul", "prn"] + [
    f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)
]


def standard_library() -> Iterator[str]:
    """Yield the top-level modules of every Python since 3.0, from the table that mypy brings."""
    versions = Path(mypy.__file__).parent / "typeshed" / "stdlib" / "VERSIONS"
    for line in versions.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split(":")[0].split(".")[0]


def installed(distribution: Distribution) -> Iterator[str]:
    """Yield the names that a package takes: its own, its top-level modules and its commands."""
    yield distribution.metadata["Name"]
    for script in distribution.entry_points.select(group="console_scripts"):
        if "." not in script.name:  # `coverage-3.13` is called otherwise in the next Python
            yield script.name
    for file in distribution.files or []:
        if file.suffix in MODULES and file.parts[0] != "..":
            yield file.parts[0].split(".")[0]


def locked(folder: Path) -> Iterator[str]:
    """Yield the names that everything in the service's lock takes, by installing it in `folder`.

    What the lock has for other systems and Pythons is not installed here: its own name must do.
    """
    for name in ("pyproject.toml", "uv.lock"):
        text = superset((SERVICE / name).read_text(encoding="utf-8"))
        (folder / name).write_text(text, encoding="utf-8")
    command = ["uv", "sync", "--quiet", "--frozen", "--all-extras", "--all-groups"]
    subprocess.run([*command, "--no-install-project"], cwd=folder, check=True)
    site_packages = [str(path) for path in folder.glob(".venv/lib/python*/site-packages")]
    for distribution in distributions(path=site_packages):
        yield from installed(distribution)
    for line in (folder / "uv.lock").read_text().splitlines():
        if line.startswith("name = ") and ROOT not in line:
            yield line.split('"')[1]


def reserved_names() -> list[str]:
    """Return all reserved names, as a package would be spelled, sorted."""
    with tempfile.TemporaryDirectory() as folder:
        names = {*keyword.kwlist, *OURS.split(), *WINDOWS_DEVICES, *standard_library()}
        names.update(locked(Path(folder)))
    spelled = {canonicalize_name(name).replace("-", "_") for name in names}
    return sorted(name for name in spelled if name[0].isalpha() and len(name) > 1)


if __name__ == "__main__":
    TARGET.write_text("\n".join(reserved_names()) + "\n", newline="\n")
