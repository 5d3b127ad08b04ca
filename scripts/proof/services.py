"""The services of the covering set, each on its owners' whole way, and under load and faults."""

import json
import sys
from collections.abc import Iterable, Sequence
from itertools import cycle
from pathlib import Path
from shutil import rmtree

from rendering import ROOT, Answers, Files, choices, known_files

from .cache import digest, of_files
from .covering import Python, covering, on_python, pythons, service_on
from .model import Job, Kind, Stage
from .processes import measured
from .variants import Variants, typed
from .walk import Walk, until_one_fails

CAMPAIGNS = "tests/campaigns/"
CAMPAIGN_FILES = ("tests/", "pyproject.toml")  # What campaigns are made of.
CAMPAIGNS_SECONDS = 1800  # More than they ever take.
# What makes a service, beside the files that it is made of.
MAKERS = ("cookiecutter.json", "cookiecutter_2_7_or_newer.py", "hooks/", "uv.lock")


def jobs(variants: Variants, runner: str) -> list[Job]:
    """Return a job for each service of the covering set, on the Pythons of this machine in turn.

    Their image and pipeline use that Python, too, if it is one of the choices. `runner` is a digest
    of what proves them.
    """
    turns = cycle(pythons())
    pairs = [(on_python(answers, (python := next(turns)).minor), python) for answers in covering()]
    return [job(variants, variants.answers.index(one), python, runner) for one, python in pairs]


def job(variants: Variants, number: int, python: Python, runner: str) -> Job:
    """Return the job that walks the way of one service on one Python.

    The folder that the job is run in has to lie in folders that others may enter: PostgreSQL is not
    run by root.
    """
    answers, files = variants.answers[number], variants.files[number]

    def run(folder: Path) -> Sequence[Stage]:
        fresh = folder / "service"
        rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        folder.chmod(0o755)
        return until_one_fails(Walk(answers, files, python, fresh).stages())

    return Job(
        kind=Kind.SERVICE,
        subject=f"{typed(answers) or 'the default service'} on {python}",
        answers=typed(answers),
        variants=frozenset([number]),
        run=run,
        expected_seconds=40,
        digest=_digest([files, _known(MAKERS)], json.dumps(answers), python.version, runner),
    )


def python_for(answers: Answers) -> Python:
    """Return the Python that a service's image uses if it is on this machine, else the newest."""
    installed = pythons()
    wanted = [python for python in installed if python.minor == answers["python_version"]]
    return [*wanted, *installed][0]


def campaigns_job(variants: Variants, runner: str) -> Job:
    """Return the job that runs the campaigns, on those services of the covering set that they take.

    What runs it has to have the dependency group `campaigns`.
    """
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    services = [
        variants.answers.index(on_python(service_on(str(database)), python))
        for database in choices()["database"]
    ]
    command = [sys.executable, "-m", "pytest", "-m", "campaign", CAMPAIGNS, "-q", "--tb=short"]
    used = _known([*CAMPAIGN_FILES, *MAKERS])
    files = [*(variants.files[number] for number in services), used]
    return Job(
        kind=Kind.CAMPAIGNS,
        subject="load and faults",
        answers=variants.named(services),
        variants=frozenset(services),
        run=lambda _: [measured("campaigns", command, ROOT, CAMPAIGNS_SECONDS, COLUMNS="300")],
        expected_seconds=200,
        alone="make campaigns",
        digest=_digest(files, sys.version, runner),
    )


def _known(names: Iterable[str]) -> Files:
    """Return the template's files whose path begins with one of some names."""
    return {
        path.as_posix(): (ROOT / path).read_bytes()
        for path in known_files()
        if path.as_posix().startswith(tuple(names))
    }


def _digest(groups: Iterable[Files], *texts: str) -> str:
    """Return a digest of files and texts, each in its place."""
    return digest(*map(of_files, groups), *texts)
