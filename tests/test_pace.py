"""What a tree costs is compared at one pace, whatever the processors are busy with."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from proof import pace
from proof.covering import Python
from proof.model import CPU_LIMIT, ENVIRONMENT, Job, Kind, Outcome, Stage, Verdict
from proof.pace import watched_pace
from proof.workshop import SUITE, Workshop, _at_the_reference, _fairly_measured, _too_dear
from rendering import Files

DEAR = CPU_LIMIT * 1.5


def slowness() -> float:
    """Return what is read while nothing else is done."""
    with watched_pace() as slowness:
        pass
    return slowness()


class DearWorkshop(Workshop):
    """One whose only stage is a suite that costs far too much, the first time even more."""

    costs = (DEAR * 1000, DEAR * 100)

    def __init__(self, folder: Path) -> None:
        """Have run it not at all."""
        super().__init__(folder, Python("3.13.0", Path("python")), lambda: "")
        self.runs = 0

    def _environment(self, _files: Files) -> Stage:
        self._zygote = object()  # type: ignore[assignment]
        return Stage(ENVIRONMENT, 0, 0)

    def _checks(
        self,
        _files: Files,
        _tests: Sequence[str],
        _zygote: Any,  # noqa: ANN401
    ) -> dict[str, Callable[[], Stage]]:
        return {SUITE: self._run}

    def _run(self) -> Stage:
        self.runs += 1
        return Stage(SUITE, 1, self.costs[self.runs - 1])


def test_a_workshop_compares_at_the_reference_measures_twice_and_says_so(tmp_path: Path) -> None:
    workshop = DearWorkshop(tmp_path)
    _, suite, cost = workshop.prove({})
    assert workshop.runs == 2
    assert suite.cpu_seconds * suite.slowness == pytest.approx(DEAR * 100)
    assert suite.slowness not in {0, 1}
    assert cost.error


def test_it_is_read_even_where_what_is_measured_takes_no_time() -> None:
    assert slowness() > 0


def test_where_the_same_work_takes_longer_everything_does(monkeypatch: pytest.MonkeyPatch) -> None:
    once = min(slowness() for _ in range(5))
    work = pace.work
    monkeypatch.setattr(pace, "work", lambda: [work() for _ in range(4)])
    assert 2 < min(slowness() for _ in range(5)) / once < 8


@pytest.mark.parametrize(("times", "said"), [(1, "22.5 CPU seconds"), (1.2, "1.2 times as many")])
def test_a_tree_that_is_dear_at_the_reference_is_red(times: float, said: str) -> None:
    [stage] = _too_dear([_at_the_reference(Stage("suite", 1, DEAR * times), times)])
    assert said in stage.error


def test_a_tree_that_is_dear_because_processors_are_slow_is_not() -> None:
    assert _too_dear([_at_the_reference(Stage("suite", 1, DEAR), 2)]) == []


@pytest.mark.parametrize(
    ("second", "cost", "error"),
    [
        (Stage(SUITE, 1, 9), 10, ""),
        (Stage(SUITE, 1, DEAR + 1), DEAR + 1, ""),
        (Stage(SUITE, 1, DEAR + 1, "red"), DEAR + 2, "red"),
    ],
)
def test_a_suite_that_seems_too_dear_is_measured_once_more(
    second: Stage, cost: float, error: str
) -> None:
    stages = _fairly_measured([Stage("types", 1, 1), Stage(SUITE, 1, DEAR)], lambda: second)
    assert sum(stage.cpu_seconds for stage in stages) == cost
    assert stages[-1].error == error


@pytest.mark.parametrize("stage", [Stage(SUITE, 1, CPU_LIMIT), Stage(SUITE, 1, DEAR, "red")])
def test_a_suite_that_is_cheap_or_red_is_run_once(stage: Stage) -> None:
    assert _fairly_measured([stage], lambda: pytest.fail("It was run again.")) == [stage]


def test_what_a_tree_costs_is_told_at_both_paces() -> None:
    stages = [Stage("environment", 1, 5), _at_the_reference(Stage("suite", 1, 18), 1.5)]
    verdict = Verdict(Job(Kind.TREE, "", "", frozenset({0}), lambda _: stages), stages)
    assert (verdict.cpu_seconds, verdict.own_cpu_seconds) == (23, 12)
    assert Outcome([], [verdict], seed=1, python="3.13", seconds=1).slowness == 1.5
    assert Outcome([], [], seed=1, python="3.13", seconds=1).slowness == 1
