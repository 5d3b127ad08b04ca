"""Measures services beside the least that one would write by hand, and holds them to a budget.

    python benchmarks/bench.py [ROUNDS]

It makes a service for each database in build/bench and runs `measure.py` in it. Ratios of CPU time
in one process, measured in turns, hold on a busy machine where times do not. Exits 1 above budget.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from cookiecutter.main import cookiecutter
from project import environment
from rendering import ROOT, choices

FOLDER = ROOT / "build" / "bench"
MEASURE = ROOT / "benchmarks" / "measure.py"
ROUNDS = "300"
# The most that a request may cost, by what it costs in the application written by hand.
BUDGET = {
    "GET /health/live": 0.25,
    "GET an item": 0.80,
    "GET a list of 20": 0.90,
    "POST an item": 1.10,
}


def bake(database: str) -> Path:
    """Make a service with items and return its folder."""
    shutil.rmtree(FOLDER / database, ignore_errors=True)
    answers = {"database": database, "example": True}
    return Path(
        cookiecutter(
            str(ROOT),
            no_input=True,
            extra_context=answers,
            output_dir=str(FOLDER / database),
            default_config=True,
        )
    )


def measure(service: Path, rounds: str) -> dict[str, dict[str, float]]:
    """Return what each kind of request costs each contender, in microseconds."""
    package = service.name.replace("-", "_")
    command = ["uv", "run", "--quiet", "--locked", "python", str(MEASURE), package, rounds]
    done = subprocess.run(
        command, cwd=service, env=environment(), check=True, stdout=subprocess.PIPE
    )
    figures: dict[str, dict[str, float]] = json.loads(done.stdout)
    return figures


def report(database: str, figures: dict[str, dict[str, float]]) -> bool:
    """Print the figures and return whether they are within budget."""
    within = True
    for name, costs in figures.items():
        ratio = costs["service"] / costs["minimum"]
        noise = costs["same"] / costs["minimum"]
        within &= ratio <= BUDGET[name]
        print(
            f"{database:11} {name:17} {costs['service']:8.1f} {costs['minimum']:8.1f} "
            f"{ratio:6.2f} {BUDGET[name]:7.2f} {noise:6.2f}"
            f"{'' if ratio <= BUDGET[name] else '   above budget'}",
            flush=True,
        )
    return within


def main(rounds: str) -> None:
    """Measure on every database."""
    services = {str(database): bake(str(database)) for database in choices()["database"]}
    print(f"\n{'CPU of a request, us':29} {'service':>8} {'by hand':>8}  ratio  budget    A/A")
    held = [report(database, measure(path, rounds)) for database, path in services.items()]
    if not all(held):
        sys.exit("A request costs more than its budget.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ROUNDS)
