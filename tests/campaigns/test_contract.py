"""Schemathesis: requests made from the OpenAPI document, answers held against it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from baking import environment
from conftest import Report
from rendering import ROOT

from campaigns.databases import Databases
from campaigns.service import Serve, Service

pytestmark = pytest.mark.campaign
HERE = Path(__file__).parent
SEEDS = [1, 2, 3]
SECONDS = 200


def _schemathesis(service: Service, folder: Path, seed: int) -> "subprocess.CompletedProcess[str]":
    config = ["--no-color", "--config-file", str(HERE / "schemathesis.toml")]
    options = ["--checks", "all", "--seed", str(seed), "--generation-database", "none"]
    arguments = [*config, "run", *options, f"{service.url}/openapi.json"]
    return subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *arguments],
        cwd=folder,
        env=environment(
            CAMPAIGN_URL=service.url,
            PYTHONPATH=os.pathsep.join(map(str, [HERE.parent, ROOT / "scripts"])),
            SCHEMATHESIS_HOOKS=str(HERE / "schemathesis_hooks.py"),
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def _found(pattern: str, output: str) -> int:
    match = re.search(pattern, output)
    assert match, f"no {pattern!r} in\n{output}"
    return int(match[1])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_answer_is_as_documented(
    serve: Serve, databases: Databases, report: Report, tmp_path: Path, seed: int
) -> None:
    service = serve()
    done = _schemathesis(service, tmp_path, seed)
    assert done.returncode == 0, done.stdout + done.stderr
    tested = _found(r"Tested: (\d+)", done.stdout)
    cases = _found(r"(\d+) generated, ", done.stdout)
    assert tested > 0
    assert cases > tested
    report(f"schemathesis, {databases.answer}, seed {seed}: {tested} operations, {cases} cases")
