"""Does jobs, as many at once as there are processors, and tells how far it is."""

import os
import traceback
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .cache import Cache
from .model import Job, Kind, Stage, Verdict
from .processes import kill_all

WORKERS = os.cpu_count() or 1  # With one more, each of them costs a third more CPU seconds.


class Schedule:
    """The jobs that are to be done, and what has come of the others."""

    def __init__(self, jobs: Iterable[Job], cache: Cache, folder: Path) -> None:
        """Take from the cache what it has; the workers have a folder each, below `folder`."""
        self._cache = cache
        self._folder = folder
        self._waiting: deque[Job] = deque()
        self._alone: list[Job] = []
        self._verdicts: list[Verdict] = []
        for job in jobs:
            if known := cache.verdict(job):
                self._verdicts.append(known)
            else:
                (self._alone if job.kind is Kind.CAMPAIGNS else self._waiting).append(job)
        self._meter = Meter(self._verdicts, [*self._waiting, *self._alone])

    def run(self) -> Sequence[Verdict]:
        """Do all jobs; campaigns last and alone, as they measure how fast a service answers."""
        with self._meter, ThreadPoolExecutor(WORKERS) as pool:
            workers = [pool.submit(self._work, number) for number in range(WORKERS)]
            try:
                wait(workers)
                for worker in workers:
                    worker.result()
                for job in self._alone:
                    self._do(job, self._folder / "alone")
            except KeyboardInterrupt:
                self._waiting.clear()
                kill_all()
                raise
        return self._verdicts

    def _work(self, number: int) -> None:
        """Do jobs until there are none; half of the workers begin at the end.

        Trees with the same lock stand in a row, and changing the environment takes a while.
        """
        while self._waiting:
            try:
                job = self._waiting.pop() if number % 2 else self._waiting.popleft()
            except IndexError:  # Another worker was faster.
                return
            self._do(job, self._folder / f"worker-{number}")

    def _do(self, job: Job, folder: Path) -> None:
        verdict = done(job, folder)
        self._verdicts.append(verdict)
        self._cache.remember(verdict)
        self._meter.add(verdict)


def done(job: Job, folder: Path) -> Verdict:
    """Do a job; what nobody had foreseen counts as a stage that failed."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return Verdict(job, job.run(folder))
    except Exception:  # Whatever it is, the variants are not proven.
        return Verdict(job, [Stage("proof", 0, 0, traceback.format_exc())])


class Meter:
    """Shows what is done, and how long the rest will take."""

    def __init__(self, known: Sequence[Verdict], waiting: Sequence[Job]) -> None:
        """Begin with what is known already."""
        self._done = len(known)
        self._total = len(known) + len(waiting)
        self._failed = 0
        self._console = Console(highlight=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("passed,"),
            TimeRemainingColumn(elapsed_when_finished=False),
            TextColumn("to go"),
            console=self._console,
            transient=True,
        )
        seconds = sum(job.expected_seconds for job in waiting)
        self._task = self._progress.add_task(self._counts(), total=seconds)

    def __enter__(self) -> "Meter":
        """Begin to show it."""
        self._progress.start()
        if self._done:
            self._console.print(f"{self._done} of {self._total} have not changed since they held.")
        return self

    def __exit__(self, *_: object) -> None:
        """Show it no longer."""
        self._progress.stop()

    def add(self, verdict: Verdict) -> None:
        """Count what came of a job, and say it if it is worth a line."""
        self._done += 1
        self._failed += not verdict.holds
        self._progress.update(
            self._task, description=self._counts(), advance=verdict.job.expected_seconds
        )
        if verdict.job.kind is not Kind.FILE or not verdict.holds:
            self._console.print(self._line(verdict))

    def _counts(self) -> str:
        failed = f", [red]{self._failed} failed[/red]" if self._failed else ""
        return f"{self._done} of {self._total} done{failed}"

    def _line(self, verdict: Verdict) -> str:
        job = verdict.job
        failures = ", ".join(stage.name for stage in verdict.failures)
        holds = f"[red]FAILED: {failures}[/red]" if failures else "holds"
        cost = f"{verdict.seconds:6.1f} s {verdict.cpu_seconds:6.1f} CPU s"
        place = f"{self._done:{len(str(self._total))}} of {self._total}"
        return f"{place} {cost}  {job.kind:9} {escape(job.subject)}: {holds}"
