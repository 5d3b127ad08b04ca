"""Every project whose code differs passes its own tests and checks, in its own environment."""

import shutil
import sys
import time
from itertools import product
from pathlib import Path

import pytest
from conftest import Bake, Report
from project import BakedProject
from rendering import choices, code_answers

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
CHECKS = [
    ["uv", "sync", "--locked"],
    ["uv", "run", "pytest", "--cov"],
    ["uv", "run", "ruff", "check"],
    ["uv", "run", "ruff", "format", "--check"],
    ["uv", "run", "mypy"],
    ["uv", "run", "lint-imports"],
]


@pytest.mark.parametrize(
    "values",
    list(product(*(choices()[name] for name in code_answers()))),
    ids=lambda values: "-".join(map(str, values)),
)
def test_a_project_passes_its_own_checks(
    bake: Bake, report: Report, open_folder: Path, values: tuple[str | bool, ...]
) -> None:
    made = bake(python_version=HERE, **dict(zip(code_answers(), values, strict=True)))
    project = BakedProject(Path(shutil.move(made.path, open_folder)), made.context)
    times = []
    for check in CHECKS:
        start = time.monotonic()
        done = project.run(*check)
        assert done.returncode == 0, f"{' '.join(check)}\n{done.stdout}{done.stderr}"
        times.append(f"{' '.join(check[1:])} {time.monotonic() - start:.1f} s")
    table = project.run("uv", "run", project.context["project_slug"], "settings").stdout
    assert table.strip() in project.read("docs/settings.md")
    report(f"{'-'.join(map(str, values))}: {', '.join(times)}")
