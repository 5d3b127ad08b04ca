"""How long `make variants` would take if the template had many more answers.

    python benchmarks/scale.py

A copy of the template gets answers that change code, until there are 160 trees and more than ten
thousand variants. All of these are rendered; some trees and services of the copy are proven, as
many at once as there are processors, and what they take is projected to all. Exits 1 if that is
more than the limit.
"""

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from baking import copy_template, environment
from proof import files, sample, services
from proof.cache import Cache
from proof.model import ENVIRONMENT, Job, Verdict
from proof.schedule import WORKERS, Schedule
from proof.trees import Trees, shared_server
from proof.variants import Variants, all_variants
from rendering import ROOT, SERVICE

COPY = ROOT / "build" / "scale"
# These multiply the trees by 40.
ADDED = {
    "first": list("abcde"),
    "second": list("ab"),
    "third": list("ab"),
    "fourth": list("ab"),
}
TREES, SERVICES = 6, 2  # How many are proven.
LIMIT_MINUTES = 20


def add_answers() -> None:
    """Make the copy, with its additional answers: a module for each value."""
    shutil.rmtree(COPY, ignore_errors=True)
    copy_template(COPY)
    subprocess.run(["git", "init", "-q"], cwd=COPY, check=True)
    path = COPY / "cookiecutter.json"
    questions = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(ADDED | questions), encoding="utf-8")
    core = COPY / SERVICE / "src" / "{{cookiecutter.__package}}" / "core"
    for name, values in ADDED.items():
        for value in values:
            text = f'"""A choice."""\n\nCHOICE = "{value}"\n'
            (core / f"{name}@{name}={value}.py").write_text(text, encoding="utf-8")


def proven(jobs: Sequence[Job]) -> tuple[Sequence[Verdict], float]:
    """Do jobs; return what came of them and the seconds. Exits if one fails."""
    start = time.monotonic()
    verdicts = Schedule(jobs, Cache(COPY / "cache", believed=False), COPY / "work").run()
    for verdict in verdicts:
        if not verdict.holds:
            sys.exit(f"{verdict.job.subject}: {verdict.failures[0].error}")
    return verdicts, time.monotonic() - start


def project() -> None:
    """Prove parts, in the copy, and tell how long all of it would take."""
    start = time.monotonic()
    variants = all_variants()
    parts = {"rendering": time.monotonic() - start}
    python = services.python_for(variants.answers[0])
    all_services = services.jobs(variants, "")
    with shared_server() as server:
        trees = Trees(variants, python, "", server)
        all_trees = list(trees.jobs())
        try:
            some, _ = proven(random.sample(all_trees, TREES))
        finally:
            trees.close()
    parts["trees"] = len(all_trees) * mean(map(own_seconds, some)) / WORKERS
    parts["environments"] = sum(one.seconds - own_seconds(one) for one in some) / WORKERS
    _, seconds = proven(all_services[:SERVICES])
    parts["services"] = seconds * len(all_services) / SERVICES
    _, parts["sample"] = proven(list(sample.jobs(variants, 1)))
    _, parts["files"] = proven(files.jobs(variants, ""))
    parts["campaigns, as expected"] = services.campaigns_job(variants, "").expected_seconds
    tell(variants, parts, len(all_trees), len(all_services))


def own_seconds(verdict: Verdict) -> float:
    """Return how long a tree took in an environment that was there."""
    return sum(stage.seconds for stage in verdict.stages if stage.name != ENVIRONMENT)


def tell(variants: Variants, parts: dict[str, float], trees: int, services_: int) -> None:
    """Print the parts and the sum. Exits 1 if it is too much."""
    for part, seconds in parts.items():
        print(f"{part:24} {seconds / 60:6.1f} min")
    minutes = sum(parts.values()) / 60
    print(
        f"{len(variants.answers)} variants, {trees} trees, {services_} services: {minutes:.1f} min "
        f"with {WORKERS} processors, projected from {TREES} trees and {SERVICES} services "
        f"({LIMIT_MINUTES} asked)."
    )
    if minutes > LIMIT_MINUTES:
        sys.exit(1)


def main() -> None:
    """Let the copy prove itself, with its own scripts."""
    if ROOT.name == "scale":
        project()
        return
    add_answers()
    variables = environment(PYTHONPATH=str(COPY / "scripts"))
    command = [sys.executable, str(COPY / "benchmarks" / Path(__file__).name)]
    sys.exit(subprocess.run(command, env=variables, check=False).returncode)


if __name__ == "__main__":
    main()
