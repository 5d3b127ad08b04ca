"""What is proven of which variants, and what came of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from statistics import mean

# What a tree should cost, and from where on it is red, in CPU seconds at the pace of the reference,
# its environment apart.
CPU_BUDGET = 12
CPU_LIMIT = 15
ENVIRONMENT = "environment"  # The stage that trees share: whoever comes first pays for it.


class Kind(StrEnum):
    """What a job looks at."""

    ANSWERS = "answers"  # whether those that are not about code leave it alone
    TREE = "tree"  # all variants whose code is the same
    FILE = "file"  # all variants that hold this file, which is no Python
    SAMPLE = "sample"  # some variants, as Cookiecutter makes them
    SERVICE = "service"  # one variant, on the way that its owners take
    CAMPAIGNS = "campaigns"  # some services, under load and faults


@dataclass(frozen=True)
class Stage:
    """One check: what it cost and, if it failed, what it said.

    Where there is a limit, CPU seconds are those of the reference: so many as it takes itself,
    divided by the `slowness` of the processors meanwhile.
    """

    name: str
    seconds: float
    cpu_seconds: float
    error: str = ""
    slowness: float = 1


@dataclass(frozen=True)
class Job:
    """Something to prove.

    `answers` are those of the smallest of its `variants`, which are numbered as they are
    enumerated; they do not hold if it fails. `run` takes a folder that no other job has while it
    runs. What its result depends on is in `digest`; without one the result is not kept. `alone` is
    the command that does it, where that is not the one for the smallest variant.
    """

    kind: Kind
    subject: str
    answers: str
    variants: frozenset[int]
    run: Callable[[Path], Sequence[Stage]] = field(repr=False)
    expected_seconds: float = 1
    digest: str = ""
    alone: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """How many answers its smallest variant is given, and its number."""
        return len(self.answers.split()), min(self.variants, default=0)

    @property
    def command(self) -> str:
        """The command that does it alone."""
        return self.alone or f'make variant ANSWERS="{self.answers}"'


@dataclass(frozen=True)
class Verdict:
    """What came of a job."""

    job: Job
    stages: Sequence[Stage]
    cached: bool = False

    @property
    def holds(self) -> bool:
        """Whether there was a stage, and none that failed."""
        return bool(self.stages) and not self.failures

    @property
    def failures(self) -> list[Stage]:
        """The stages that failed."""
        return [stage for stage in self.stages if stage.error]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def cpu_seconds(self) -> float:
        """How long a processor worked for it."""
        return sum(stage.cpu_seconds * stage.slowness for stage in self.stages)

    @property
    def own_cpu_seconds(self) -> float:
        """How long the reference would work for it alone."""
        return sum(stage.cpu_seconds for stage in self.stages if stage.name != ENVIRONMENT)


@dataclass(frozen=True)
class Outcome:
    """What came of all jobs."""

    answers: Sequence[dict[str, str | bool]]
    verdicts: Sequence[Verdict]
    seed: int
    python: str
    seconds: float

    @property
    def failed(self) -> list[Verdict]:
        """The verdicts on what does not hold, that on the smallest variant first."""
        failed = [verdict for verdict in self.verdicts if not verdict.holds]
        return sorted(failed, key=lambda verdict: verdict.job.size)

    @property
    def broken(self) -> set[int]:
        """The numbers of the variants that do not hold."""
        return set().union(*(verdict.job.variants for verdict in self.failed))

    @property
    def trees(self) -> list[Verdict]:
        """The verdicts on trees."""
        return [verdict for verdict in self.verdicts if verdict.job.kind is Kind.TREE]

    @property
    def slowness(self) -> float:
        """How many times as slow as the reference the processors were while trees were proven."""
        stages = [stage for tree in self.trees for stage in tree.stages]
        known = [stage.slowness for stage in stages if stage.name != ENVIRONMENT]
        return mean(known) if known else 1

    @property
    def last_line(self) -> str:
        """What is printed at the end."""
        held = len(self.answers) - len(self.broken)
        return claim(held, len(self.answers), len(self.trees))


def claim(held: int, variants: int, trees: int) -> str:
    """Return the sentence that says how many variants hold."""
    return f"{held} of {variants} variants hold ({trees} distinct trees)"
