"""Measures services beside the least that one would write by hand, and holds them to a budget.

    python benchmarks/bench.py [ROUNDS [SLACK]]

It makes a service for each database in build/bench and runs `measure.py` in it. Ratios of CPU time
in one process, measured in turns, hold on a busy machine where times do not, but for some
hundredths. Exits 1 if a ratio is above its budget times SLACK.
"""

import json
import subprocess
import sys
from pathlib import Path

from baking import bake, environment
from rendering import ROOT, choices

FOLDER = ROOT / "build" / "bench"
MEASURE = ROOT / "benchmarks" / "measure.py"
# The most that a request may cost, by what it costs in the application written by hand.
BUDGET = {
    "GET /health/live": 0.25,
    "GET an item": 0.80,
    "GET a list of 20": 0.90,
    "POST an item": 1.10,
}


def measure(service: Path, rounds: str) -> dict[str, dict[str, float]]:
    """Return what each kind of request costs each contender, in microseconds."""
    package = service.name.replace("-", "_")
    command = ["uv", "run", "--quiet", "--locked", "python", str(MEASURE), package, rounds]
    done = subprocess.run(
        command, cwd=service, env=environment(), check=True, stdout=subprocess.PIPE
    )
    figures: dict[str, dict[str, float]] = json.loads(done.stdout)
    return figures


def report(database: str, figures: dict[str, dict[str, float]], slack: float) -> bool:
    """Print the figures and return whether they are within budget."""
    held = True
    for name, costs in figures.items():
        ratio = costs["service"] / costs["minimum"]
        noise = costs["same"] / costs["minimum"]
        within = ratio <= BUDGET[name] * slack
        held = held and within
        print(
            f"{database:11} {name:17} {costs['service']:8.1f} {costs['minimum']:8.1f} "
            f"{ratio:6.2f} {BUDGET[name]:7.2f} {noise:6.2f}{'' if within else '   above budget'}",
            flush=True,
        )
    return held


def main(rounds: str = "300", slack: str = "1") -> None:
    """Measure on every database."""
    print(f"{'CPU of a request, us':29} {'service':>8} {'by hand':>8}  ratio  budget    A/A")
    held = True
    for database in map(str, choices()["database"]):
        service = bake(FOLDER / database, database=database, example="yes")
        held &= report(database, measure(service, rounds), float(slack))
    if not held:
        sys.exit("A request costs more than its budget.")


if __name__ == "__main__":
    main(*sys.argv[1:])
