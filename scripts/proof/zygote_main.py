"""Runs the suites and migrations of trees in children of a process that has their libraries loaded.

    python zygote_main.py MODULE...

It runs in the environment and the folder of a service, and loads the modules first: never one of
the service itself, which is another one for each child. It says what it found in a line of JSON,
then reads requests, a line each, and answers each with one more. A request names what to run, the
file that takes what is printed, arguments, and after how many seconds it has to be over.
"""

import importlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, NoReturn

import pytest

# Libraries that bring a plugin of pytest are loaded before pytest can rewrite their asserts.
PRELOADED = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"


class NothingLeftOut:
    """A plugin that fails a run in which a test was skipped, deselected or expected to fail."""

    def __init__(self, *, whole: bool) -> None:
        """Begin with none; of a `whole` suite no file may be missing either."""
        self._whole = whole
        self._left_out: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take down each file of tests of which nothing was collected."""
        collected = {item.path.resolve() for item in session.items}
        files = Path("tests").rglob("test_*.py") if self._whole else []
        self._left_out += [str(file) for file in files if file.resolve() not in collected]

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Take down what was not selected."""
        self._left_out += [item.nodeid for item in items]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take down a file that was skipped."""
        if report.skipped:
            self._left_out.append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take down a test that was skipped, or that pytest takes for one that may fail."""
        if report.skipped or hasattr(report, "wasxfail"):
            self._left_out.append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run."""
        for nodeid in self._left_out:
            print(f"LEFT OUT {nodeid}")
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def suite(arguments: Sequence[str]) -> int:
    """Run pytest, and return its exit status."""
    whole = not any(argument.startswith("tests/") for argument in arguments)
    plugin = NothingLeftOut(whole=whole)
    return int(pytest.main([*arguments, "-W", PRELOADED], plugins=[plugin]))


def migrations(_arguments: Sequence[str]) -> int:
    """Migrate an empty database up, down and up again, and compare it with the models.

    Alembic itself refuses to go to the head where there are two.
    """
    # Both are the service's, whose folder this process is in.
    alembic = importlib.import_module("alembic.config").main
    empty_database = importlib.import_module("tests.helpers.database").empty_database
    with tempfile.TemporaryDirectory() as folder, empty_database(Path(folder)) as settings:
        os.environ["APP_DATABASE__URL"] = settings.url.get_secret_value()
        for command in ("upgrade head", "check", "downgrade base", "upgrade head"):
            print(f"alembic {command}", flush=True)
            alembic(command.split())
    return 0


STAGES: dict[str, Callable[[Sequence[str]], int]] = {"suite": suite, "migrations": migrations}


def run(request: dict[str, Any]) -> dict[str, float]:
    """Run a stage in a child; return its exit status, and the seconds that it took."""
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        _become(request)
    try:
        _, status, usage = os.wait4(child, 0)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # And what it started and left behind.
    return {
        "status": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - start,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
    }


def _become(request: dict[str, Any]) -> NoReturn:
    """Run a stage in this process, and end it."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.alarm(request["timeout"])
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - as `python -m pytest` does it.
    sys.exit(STAGES[request["stage"]](request["arguments"]))


def main() -> None:
    """Load the modules that are there, then answer requests until there are no more."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for module in sys.argv[1:]:
        with suppress(ImportError):  # Whoever needs it will say so.
            importlib.import_module(module)
    ready = {"providers": packages_distributions(), "cpu_seconds": time.process_time()}
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
