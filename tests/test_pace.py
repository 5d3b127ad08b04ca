"""What a tree costs is compared at one pace, whatever the processors are busy with."""

import pytest
from proof import pace
from proof.model import CPU_LIMIT, Job, Kind, Outcome, Stage, Verdict
from proof.pace import Pace
from proof.workshop import _at_the_reference, _too_dear

DEAR = CPU_LIMIT * 1.5


def slowness() -> float:
    """Return what is read while nothing else is done."""
    with Pace() as read:
        pass
    return read.slowness


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


def test_what_a_tree_costs_is_told_at_both_paces() -> None:
    stages = [Stage("environment", 1, 5), _at_the_reference(Stage("suite", 1, 18), 1.5)]
    verdict = Verdict(Job(Kind.TREE, "", "", frozenset({0}), lambda _: stages), stages)
    assert (verdict.cpu_seconds, verdict.own_cpu_seconds) == (23, 12)
    assert Outcome([], [verdict], seed=1, python="3.13", seconds=1).slowness == 1.5
    assert Outcome([], [], seed=1, python="3.13", seconds=1).slowness == 1
