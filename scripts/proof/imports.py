"""Which modules the code of a service imports, and whether the service declares them."""

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence

from lock import ALWAYS, dependencies, reach
from packaging.utils import canonicalize_name
from rendering import Files

# The distributions that a module comes from.
Providers = Mapping[str, Sequence[str]]


def imported(
    files: Files, folders: tuple[str, ...], *, anywhere: bool = True
) -> Iterator[tuple[str, str]]:
    """Yield each file in some folders with each module that it imports by its whole name.

    `anywhere` also inside of functions and conditions, not only as soon as it is loaded.
    """
    for name, content in files.items():
        if name.startswith(folders) and name.endswith(".py"):
            tree = ast.parse(content, name)
            for node in ast.walk(tree) if anywhere else tree.body:
                for module in _modules(node):
                    yield name, module


def _modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []


def packages(files: Files) -> set[str]:
    """Return the packages that are a service's own."""
    return {name.split("/")[1] for name in files if name.startswith("src/")}


def undeclared(files: Files, providers: Providers) -> list[str]:
    """Return a sentence for each import of `src` that would fail where the service is deployed.

    There it has what its lock holds for itself, and nothing that only its developers have.
    """
    deployed, known = _deployed(files), sys.stdlib_module_names | packages(files)
    return sorted(
        f"{name} imports {module}, which no dependency of the service brings."
        for name, module in set(imported(files, ("src/",)))
        if (top := module.partition(".")[0]) not in known
        and not deployed & {canonicalize_name(provider) for provider in providers.get(top, [])}
    )


def _deployed(files: Files) -> set[str]:
    """Return the distributions that a service needs, as its lock says; it is one of them."""
    service = tomllib.loads(files["pyproject.toml"].decode())["project"]["name"]
    graph = dependencies(tomllib.loads(files["uv.lock"].decode()))
    return {name for name, _ in reach({("", service, ""): {ALWAYS}}, graph)}
