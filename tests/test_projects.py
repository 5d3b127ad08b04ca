"""Every project whose code differs passes its own tests and checks, in its own environment."""

import sys
import time
from itertools import product

import pytest
from conftest import Bake, Report
from rendering import CODE_ANSWERS, choices

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
CHECKS = [
    ["uv", "sync", "--locked"],
    ["uv", "run", "pytest"],
    ["uv", "run", "ruff", "check"],
    ["uv", "run", "ruff", "format", "--check"],
    ["uv", "run", "mypy"],
    ["uv", "run", "lint-imports"],
]


@pytest.mark.parametrize(
    "values",
    list(product(*(choices()[name] for name in CODE_ANSWERS))),
    ids=lambda values: "-".join(map(str, values)),
)
def test_a_project_passes_its_own_checks(
    bake: Bake, report: Report, values: tuple[str | bool, ...]
) -> None:
    project = bake(python_version=HERE, **dict(zip(CODE_ANSWERS, values, strict=True)))
    times = []
    for check in CHECKS:
        start = time.monotonic()
        done = project.run(*check)
        assert done.returncode == 0, f"{' '.join(check)}\n{done.stdout}{done.stderr}"
        times.append(f"{' '.join(check[1:])} {time.monotonic() - start:.1f} s")
    report(f"{'-'.join(map(str, values))}: {', '.join(times)}")
