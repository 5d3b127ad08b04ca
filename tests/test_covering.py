"""The covering set meets all pairs of values, on the Pythons that this machine really has."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import combinations, product
from pathlib import Path

import pytest
from baking import environment
from packaging.version import Version
from proof.covering import Python, covering, on_python, pythons, rows, service_on
from proof.model import Kind
from proof.services import campaigns_job, job, jobs
from proof.variants import Variants, all_variants, defaults
from rendering import choices, code_answers

Values = Mapping[str, Sequence[str | bool]]
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
# For uv: it lists some Pythons, and runs all of them but one.
STAND_IN = """#!/bin/sh
case "$*" in
    *list*) echo '{found}';;
    *"--python {broken} "*) exit 1;;
    *) echo "$*" | sed 's/.*--python /real-/; s/ .*//';;
esac
"""
MANY: Values = {
    "database": ["sqlite", "postgresql", "mysql"],
    "auth": ["local", "accounts", "oidc"],
    "events": ["none", "outbox", "rabbitmq", "kafka"],
    "redis": [False, True],
    "example": [True, False],
    "license": ["Proprietary", "MIT", "Apache-2.0", "BSD-3-Clause", "ISC"],
}


@pytest.fixture(scope="session")
def variants() -> Variants:
    """Return all variants."""
    return all_variants()


@pytest.mark.parametrize(
    ("values", "code"),
    [(choices(), code_answers()), (MANY, list(MANY)[:-1])],
    ids=["as they are", "many more"],
)
def test_any_two_values_of_answers_about_code_meet(values: Values, code: list[str]) -> None:
    found = rows(values, code)
    for one, other in combinations(code, 2):
        met = {(answers[one], answers[other]) for answers in found}
        assert met == set(product(values[one], values[other]))
    for name in values.keys() - set(code):
        assert {answers[name] for answers in found} == set(values[name][: len(found)])
    assert found[0] == {name: possible[0] for name, possible in values.items()}
    assert found == rows(values, code)


def test_the_covering_set_is_one_of_variants(variants: Variants) -> None:
    assert covering()[0] == defaults()
    assert all(answers in variants.answers for answers in covering())
    for name, possible in choices().items():
        assert {answers[name] for answers in covering()} == set(possible)


def test_one_answer_about_code_has_each_of_its_values_and_none_has_a_single_service() -> None:
    assert [answers["auth"] for answers in rows(MANY, ["auth"])] == MANY["auth"]
    assert rows(MANY, []) == [{name: possible[0] for name, possible in MANY.items()}]


def test_the_pythons_are_those_of_this_machine_one_of_each_minor() -> None:
    found = pythons()
    assert HERE in {python.minor for python in found}
    assert len({python.minor for python in found}) == len(found)
    versions = [Version(python.version) for python in found]
    assert versions == sorted(versions, reverse=True)
    assert min(versions) >= Version("3.11")
    for python in found:
        command = [str(python.path), "-c", "import platform; print(platform.python_version())"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert done.stdout.strip() == python.version


def test_the_pythons_beside_this_one_need_not_be_on_the_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uv = shutil.which("uv")
    assert uv
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(uv).parent), "/usr/bin", "/bin"]))
    beside = Path(sys.base_prefix).parent
    minors = {path.name.removeprefix("python") for path in beside.glob("*/bin/python3.1[1-9]")}
    assert minors <= {python.minor for python in pythons()}


def test_a_python_that_lacks_what_services_need_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("proof.covering.TRY", "import no_such_part")
    assert pythons() == []


def test_the_newest_of_each_minor_that_services_allow_and_that_works_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed = [
        ("3.12.9", "cpython", "default"),
        ("3.12.10", "cpython", "default"),
        ("3.12.11", "cpython", "freethreaded"),
        ("3.12.12", "pypy", "default"),
        ("3.12.13", "cpython", "broken"),
        ("3.15.0a1", "cpython", "default"),
        ("3.10.19", "cpython", "default"),
        ("3.13.1", "cpython", "default"),
    ]
    found = [
        {"version": version, "implementation": implementation, "variant": variant, "path": version}
        for version, implementation, variant in installed
    ]
    text = json.dumps(found).replace('"broken"', '"default"')
    uv = tmp_path / "uv"
    uv.write_text(STAND_IN.format(found=text, broken="3.12.13"), encoding="utf-8")
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    assert pythons() == [
        Python("3.13.1", Path("real-3.13.1")),
        Python("3.12.10", Path("real-3.12.10")),
    ]


def test_a_python_that_is_no_choice_changes_no_answer() -> None:
    assert on_python(defaults(), "3.12") == {**defaults(), "python_version": "3.12"}
    assert on_python(defaults(), "3.99") == defaults()


def test_the_service_on_a_database_has_the_sample_feature(monkeypatch: pytest.MonkeyPatch) -> None:
    last_first = covering()[::-1]
    monkeypatch.setattr("proof.covering.covering", lambda: last_first)
    for database in choices()["database"]:
        answers = service_on(str(database))
        assert (answers["database"], answers["example"]) == (database, True)


def test_each_covering_service_has_a_job_on_the_next_python(variants: Variants) -> None:
    made, found = jobs(variants, "runner"), pythons()
    assert len(made) == len(covering())
    for turn, (one, answers) in enumerate(zip(made, covering(), strict=True)):
        python = found[turn % len(found)]
        [variant] = one.variants
        assert variants.answers[variant] == on_python(answers, python.minor)
        assert one.kind is Kind.SERVICE
        assert one.subject.endswith(f" on {python}")
    assert made[0].subject == f"the default service on {found[0]}" or found[0].minor != "3.13"


def changed(variants: Variants) -> Variants:
    """Return variants with another README."""
    files = [{**files, "README.md": b"changed"} for files in variants.files]
    return Variants(variants.answers, files)


def test_a_job_is_another_one_when_anything_changes_that_it_depends_on(
    variants: Variants, monkeypatch: pytest.MonkeyPatch
) -> None:
    alike = Variants(variants.answers, [variants.files[0]] * len(variants.files))
    python = Python("3.13.0", Path("python"))

    def digest(
        variants: Variants = alike, number: int = 0, python: Python = python, runner: str = ""
    ) -> str:
        return job(variants, number, python, runner).digest

    digests = [
        digest(),
        digest(changed(alike)),
        digest(number=1),
        digest(python=Python("3.13.1", python.path)),
        digest(runner="another"),
    ]
    assert digest(python=Python("3.13.0", Path("elsewhere"))) == digests[0]
    monkeypatch.setattr("proof.services.MAKERS", ["README.md"])  # As if the hook had changed.
    assert len({*digests, digest()}) == len(digests) + 1


def test_campaigns_run_on_a_covering_service_of_each_database(
    variants: Variants, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = campaigns_job(variants, "runner")
    services = [variants.answers[number] for number in sorted(one.variants)]
    assert services == [
        on_python(service_on(str(database)), HERE) for database in choices()["database"]
    ]
    assert one.kind is Kind.CAMPAIGNS
    digests = [
        one.digest,
        campaigns_job(variants, "another").digest,
        campaigns_job(changed(variants), "runner").digest,
    ]
    for name in ("MAKERS", "CAMPAIGN_FILES"):  # As if these files had changed.
        monkeypatch.setattr(f"proof.services.{name}", "README.md")
        digests.append(campaigns_job(variants, "runner").digest)
    assert len(set(digests)) == len(digests)


def test_what_make_was_told_does_not_reach_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEFLAGS", "n")
    monkeypatch.setenv("MFLAGS", "-n")
    assert not {"MAKEFLAGS", "MFLAGS"} & environment().keys()
