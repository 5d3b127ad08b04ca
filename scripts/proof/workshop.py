"""Folders in which trees are proven, one after the other, without starting anew for each."""

import re
import time
import tomllib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import rmtree

from rendering import Files, code_files

from .covering import Python
from .imports import Providers, imported, packages, undeclared
from .model import CPU_LIMIT, ENVIRONMENT, Stage
from .pace import watched_pace
from .processes import measured
from .zygote import Zygote

KEPT = {".venv", ".mypy_cache"}  # What makes the next tree faster.
SYNC = ("uv", "sync", "--quiet", "--locked", "--python")
SUITE = "suite"
# To count across greenlets takes a third of a suite's time. Without, some lines that were run are
# not seen, and no others are: what passes the gate so, passes it.
GREENLETS = re.compile(r"(?m)^concurrency = .*\n")
BELOW_GATE = "FAIL Required test coverage"
FAILED_TESTS = re.compile(r"\d+ (failed|error)")
# What a tree's own Makefile checks, too.
COMMANDS = {
    "style": ("ruff", "check", "--no-cache"),
    "format": ("ruff", "format", "--check", "--no-cache"),
    "types": ("mypy",),
    "contracts": ("lint-imports", "--no-cache"),
}


class Workshop:
    """A folder with an environment that is synced to the lock of each tree.

    So nothing is installed that the tree does not declare; and there are no files of the project
    but those that make a tree what it is, so a suite that opens another one fails.
    """

    def __init__(self, folder: Path, python: Python, test_database: Callable[[], str]) -> None:
        """Use `folder`; `test_database` gives the URL of a server to those suites that need it."""
        self._folder = folder
        self._python = python
        self._bin = folder / ".venv" / "bin"
        self._test_database = test_database
        self._installed: tuple[bytes, ...] = ()
        self._providers: Providers = {}
        self._zygote: Zygote | None = None

    def prove(
        self, files: Files, wanted: Collection[str] = (), tests: Sequence[str] = ()
    ) -> list[Stage]:
        """Prove a tree, of which these are all files, or only the `wanted` stages of it.

        With `tests`, the suite is these, and what they do not cover does not count.
        """
        environment = self._environment(files)
        if environment.error or not self._zygote:
            return [environment]
        checks = self._checks(files, tests, self._zygote)
        self._installed, installed = (), self._installed  # Whatever fails here may have broken it.
        stages = _done(check for name, check in checks.items() if not wanted or name in wanted)
        stages = _fairly_measured(stages, lambda: _done([checks[SUITE]])[0])
        self._installed = installed
        return [environment, *stages, *_too_dear(stages)]

    def close(self) -> None:
        """End what runs."""
        if self._zygote:
            self._zygote.close()
            self._zygote = None

    def _environment(self, files: Files) -> Stage:
        """Lay out the tree, with an environment in which all that it needs is installed."""
        self._lay_out(files)
        needs = files["pyproject.toml"], files["uv.lock"]
        stage = Stage(ENVIRONMENT, 0, 0)
        if self._installed != needs:
            self._installed = ()
            stage = self._install(files)
            self._installed = () if stage.error else needs
        for name in files.keys() - {"pyproject.toml", *code_files(files)}:
            (self._folder / name).unlink()
        return stage

    def _lay_out(self, files: Files) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.iterdir():
            if path.name not in KEPT:
                rmtree(path) if path.is_dir() else path.unlink()
        for name, content in files.items():
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def _install(self, files: Files) -> Stage:
        """Sync the environment, and load the libraries: for the zygote, and for mypy."""
        start = time.monotonic()
        self.close()
        synced = measured(ENVIRONMENT, [*SYNC, self._python.path], self._folder)
        if synced.error:
            return synced
        libraries = _libraries(files)
        typed = self._load_types(libraries)
        variables = {"TEST_DATABASE_URL": self._test_database()} if _needs_server(files) else {}
        self._zygote = Zygote(self._folder, libraries, **variables)
        self._providers, cpu_seconds = self._zygote.loaded()
        cpu_seconds += synced.cpu_seconds + typed.cpu_seconds
        return Stage(ENVIRONMENT, time.monotonic() - start, cpu_seconds)

    def _load_types(self, libraries: Sequence[str]) -> Stage:
        """Let mypy read the libraries, which takes longer than all the rest of its work."""
        program = self._folder / "libraries.py"
        program.write_text("".join(f"import {module}\n" for module in libraries))
        typed = measured(ENVIRONMENT, [self._bin / "mypy", program.name], self._folder)
        program.unlink()
        return typed

    def _checks(
        self, files: Files, tests: Sequence[str], zygote: Zygote
    ) -> dict[str, Callable[[], Stage]]:
        commands = {
            name: partial(measured, name, [self._bin / command, *arguments], self._folder)
            for name, (command, *arguments) in COMMANDS.items()
        }
        return {
            "imports": partial(self._imports, files),
            **commands,
            "migrations": partial(zygote.run, "migrations"),
            SUITE: partial(self._suite, files, tests, zygote),
        }

    def _suite(self, files: Files, tests: Sequence[str], zygote: Zygote) -> Stage:
        """Run the suite with its gate; what is counted in the tree's own way decides."""
        if tests:
            return zygote.run(SUITE, "-q", *tests)
        quick = self._folder.with_suffix(".toml")
        quick.write_text(GREENLETS.sub("", files["pyproject.toml"].decode()), encoding="utf-8")
        stage = zygote.run(SUITE, "-q", *_gate(files), f"--cov-config={quick}")
        only_gate = BELOW_GATE in stage.error and not FAILED_TESTS.search(stage.error)
        return zygote.run(SUITE, "-q", *_gate(files)) if only_gate else stage

    def _imports(self, files: Files) -> Stage:
        start, cpu_start = time.monotonic(), time.thread_time()
        error = "\n".join(undeclared(files, self._providers))
        return Stage("imports", time.monotonic() - start, time.thread_time() - cpu_start, error)


def _libraries(files: Files) -> list[str]:
    """Return the modules that a tree imports whenever it is loaded, and that are not its own."""
    own = packages(files) | {"tests"}
    modules = {module for _, module in imported(files, ("src/", "tests/"), anywhere=False)}
    return sorted(module for module in modules if module.partition(".")[0] not in own)


def _needs_server(files: Files) -> bool:
    return any(b"TEST_DATABASE_URL" in files[name] for name in code_files(files))


def _gate(files: Files) -> list[str]:
    """Return the options for the coverage below which a tree fails; it says which that is."""
    report = tomllib.loads(files["pyproject.toml"].decode())["tool"]["coverage"]["report"]
    return ["--cov", f"--cov-fail-under={report['fail_under']}"]


def _done(checks: Iterable[Callable[[], Stage]]) -> list[Stage]:
    """Do checks; what they cost is told at the pace of the reference."""
    with watched_pace() as slowness:
        stages = [check() for check in checks]
    return [_at_the_reference(stage, slowness()) for stage in stages]


def _at_the_reference(stage: Stage, slowness: float) -> Stage:
    return replace(stage, cpu_seconds=stage.cpu_seconds / slowness, slowness=slowness)


def _cost(stages: Iterable[Stage]) -> float:
    return sum(stage.cpu_seconds for stage in stages)


def _fairly_measured(stages: Sequence[Stage], suite: Callable[[], Stage]) -> list[Stage]:
    """Return the stages; if they seem too dear, with the suite once more: a pace is not exact."""
    if _cost(stages) <= CPU_LIMIT or any(stage.error for stage in stages):
        return list(stages)
    return [_cheaper(stage, suite()) if stage.name == SUITE else stage for stage in stages]


def _cheaper(first: Stage, second: Stage) -> Stage:
    return second if second.error or second.cpu_seconds < first.cpu_seconds else first


def _too_dear(stages: Sequence[Stage]) -> list[Stage]:
    """Return a failed stage if a tree costs more than it may."""
    cost = _cost(stages)
    if cost <= CPU_LIMIT:
        return []
    slowness = stages[0].slowness
    error = (
        f"It costs {cost:.1f} CPU seconds at the pace of the reference, and "
        f"{slowness:.1f} times as many here; {CPU_LIMIT} is the limit."
    )
    return [Stage("cost", 0, 0, error, slowness)]
