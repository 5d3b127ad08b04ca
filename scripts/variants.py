"""Proves every variant of the template, or one.

    python scripts/variants.py [--all] [--seed SEED]
    python scripts/variants.py --one [ANSWER=VALUE...]

Without --all, what has not changed since it held is not proven again; where CI is set, everything
is. The report is written to build/variants/report.html. Exits 1 if a variant does not hold, 2 if
there is no such answer, or the template cannot be rendered.
"""

import fcntl
import os
import random
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from proof import files, sample, services
from proof.cache import Cache, runner
from proof.covering import Python
from proof.model import CPU_BUDGET, Job, Outcome, Verdict
from proof.processes import tail
from proof.report import write_report
from proof.schedule import Schedule
from proof.trees import Trees, answers_job, shared_server
from proof.variants import Variants, all_variants, parsed
from rendering import ROOT, Renderer, known_files

FOLDER = ROOT / "build" / "variants"
REPORT = FOLDER / "report.html"
INTERRUPTED = 130


def arguments() -> Namespace:
    """Return what was typed."""
    parser = ArgumentParser(prog="variants.py", description="Prove variants of the template.")
    parser.add_argument("--all", action="store_true", help="prove also what has not changed")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the sample")  # noqa: S311
    parser.add_argument("--one", nargs="*", metavar="ANSWER=VALUE", help="only this variant")
    return parser.parse_args()


def chosen(words: Sequence[str] | None) -> Variants:
    """Return the one variant that these answers make, or all of them for None.

    Raises ValueError with one sentence if one of the words is no answer, or a file no template.
    """
    if words is None:
        return all_variants()
    answers = parsed(words)
    return Variants([answers], [Renderer(ROOT, known_files()).render(answers)])


def jobs(variants: Variants, python: Python, trees: Trees, seed: int) -> Iterator[Job]:
    """Yield all that has to be done for these variants; for one of them, on a Python."""
    by = runner()
    yield from trees.jobs()
    if len(variants.answers) > 1:
        yield answers_job(variants)
        yield from sample.jobs(variants, seed)
        yield from services.jobs(variants, by)
        yield services.campaigns_job(variants, by)
    else:
        yield services.job(variants, 0, python, by)
    yield from files.jobs(variants, by)


def prove(variants: Variants, seed: int, *, everything: bool) -> Outcome:
    """Prove variants; `everything` also what has not changed since it held."""
    start = time.monotonic()
    cache = Cache(FOLDER / "cache", believed=not everything)
    python = services.python_for(variants.answers[0])
    with shared_server() as test_database:
        trees = Trees(variants, python, runner(), test_database)
        try:
            verdicts = Schedule(jobs(variants, python, trees, seed), cache, FOLDER).run()
        finally:
            trees.close()
    seconds = time.monotonic() - start
    return Outcome(variants.answers, verdicts, seed, python.version, seconds)


def tell(outcome: Outcome) -> None:
    """Print what failed, what trees cost, where the report is, and how many variants hold."""
    for verdict in outcome.failed:
        tell_failure(verdict)
    if costs := [verdict.own_cpu_seconds for verdict in outcome.trees]:
        print(
            f"A tree costs {sum(costs) / len(costs):.1f} CPU seconds, {max(costs):.1f} at most "
            f"({CPU_BUDGET} asked) on the reference, {outcome.slowness:.1f} times as many here; "
            f"{outcome.seconds:.0f} s for all, seed {outcome.seed}, Python {outcome.python}."
        )
    print(f"The report: {REPORT}\n{outcome.last_line}", flush=True)


def tell_failure(verdict: Verdict) -> None:
    """Print what failed of what, for how many variants, and how to see it alone."""
    job = verdict.job
    print(f"\n{job.kind} {job.subject} ({len(job.variants)} variants)")
    for stage in verdict.failures:
        print(f"{stage.name}: {tail(stage.error)}")
    print(f"Alone: {job.command}\n")


@contextmanager
def alone() -> Iterator[None]:
    """Let nobody else prove in the same folders. Raises BlockingIOError if somebody does."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def main() -> None:
    """Prove what was asked for."""
    options = arguments()
    try:
        variants = chosen(options.one)
    except ValueError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    everything = options.all or options.one is not None or "CI" in os.environ
    try:
        with alone():
            outcome = prove(variants, options.seed, everything=everything)
    except BlockingIOError:
        print(f"Variants are being proven in {FOLDER} already: wait for that.", file=sys.stderr)
        sys.exit(2)
    write_report(outcome, REPORT)
    tell(outcome)
    if outcome.failed:
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
