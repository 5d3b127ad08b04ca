"""A few services go the whole way of their owners; `make variants` proves all of them."""

import sys
from pathlib import Path

import pytest
from conftest import Report
from proof.covering import on_python, pythons
from proof.variants import defaults, typed
from proof.walk import Walk, until_one_fails
from rendering import Answers, Renderer, choices, code_answers

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
STAGES = [
    "cookiecutter",
    "install",
    "make check",
    "settings",
    "install for production",
    "migrate",
    "serve",
]


def services() -> list[Answers]:
    """Return the default service, that on PostgreSQL, and the one with everything on."""
    possible = {name: choices()[name] for name in code_answers()}
    everything = {name: True if True in values else values[-1] for name, values in possible.items()}
    found: list[Answers] = []
    for given in ({}, {"database": "postgresql"}, everything):
        answers = on_python({**defaults(), **given}, HERE)
        if answers not in found:
            found.append(answers)
    return found


@pytest.mark.parametrize("answers", services(), ids=typed)
def test_a_service_holds_on_the_whole_way_of_its_owners(
    renderer: Renderer, report: Report, open_folder: Path, answers: Answers
) -> None:
    here = next(python for python in pythons() if python.minor == HERE)
    walk = Walk(answers, renderer.render(answers), here, open_folder)
    stages = until_one_fails(walk.stages())
    assert [stage.error for stage in stages if stage.error] == []
    assert [stage.name for stage in stages] == STAGES
    times = ", ".join(
        f"{stage.name} {stage.seconds:.1f} s, CPU {stage.cpu_seconds:.1f} s" for stage in stages
    )
    report(f"{typed(answers) or 'the default service'}: {times}")
