"""Each kind of file of the service is checked by what knows it, and all of them hold."""

from pathlib import Path

import pytest
from conftest import Every, Report
from proof.files import findings, jobs
from proof.model import Job, Kind, Verdict
from proof.variants import Variants

HASH = "3d3c42e5aac5ba805825da76410c181273ba90b1"
WORKFLOW = f"""\
name: ci
on: [push]
permissions: {{}}
concurrency: {{group: ci, cancel-in-progress: true}}
jobs:
  check:
    name: Check
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@{HASH} # v7.0.1
        with: {{persist-credentials: false}}
"""
DEPENDABOT = """\
version: 2
updates:
  - package-ecosystem: uv
    directory: /
    schedule: {interval: weekly}
    cooldown: {default-days: 7}
"""
GITLAB = """\
check:
  image: python:3.13-slim
  script: [make check]
"""
DOCKERFILE = """\
FROM python:3.13-slim
RUN install --directory var
"""
COMPOSE = """\
name: orders
services:
  api:
    build: .
    read_only: true
"""
MAKEFILE = """\
help:
\t@echo Help
"""
FILES = {
    ".github/workflows/ci.yml": WORKFLOW,
    ".github/dependabot.yml": DEPENDABOT,
    ".gitlab-ci.yml": GITLAB,
    "Dockerfile": DOCKERFILE,
    "Makefile": MAKEFILE,
    "compose.yaml": COMPOSE,
    "data.json": '{"a": 1}\n',
    "deploy/base/kustomization.yaml": "resources: [service.yaml]\n",
    "pyproject.toml": 'a = "b"\n',
    "uv.lock": 'a = "b"\n',
    "LICENSE": "Take it.\n",
    "empty.txt": "",
}
# The file, what is planted in place of what, the checks that notice, and a word that they say.
DEFECTS = [
    ("LICENSE", "Take it.\n", "Take it.\r\n", "text", "carriage return"),
    ("LICENSE", "it.\n", "it.", "text", "last line"),
    ("LICENSE", "Take", "\udcff", "text", "utf-8"),
    ("pyproject.toml", '"b"', "b", "parse", "line 1"),
    ("uv.lock", '"b"', '"b', "parse", "line 1"),
    ("data.json", "1}", "1,}", "parse", "line 1"),
    ("deploy/base/kustomization.yaml", "resources: [", " a: b\nresources: [", "parse", "line 2"),
    ("deploy/base/kustomization.yaml", "resources: [", "resources: []\nresources: [", "parse",
     "duplicate key"),
    (".github/workflows/ci.yml", "    name", "    label", "schema", "'label' was"),
    (".github/workflows/ci.yml", f"{HASH} # v7.0.1", "v7", "zizmor", "unpinned-uses"),
    (".github/workflows/ci.yml", WORKFLOW, "", "schema zizmor", ""),
    (".github/dependabot.yml", "weekly", "weekly, time: noon", "schema", "noon"),
    (".github/dependabot.yml", "    cooldown: {default-days: 7}\n", "", "zizmor", "cooldown"),
    (".gitlab-ci.yml", "script", "scripts", "schema", "scripts"),
    ("Dockerfile", "3.13-slim", "latest", "hadolint", "DL3007"),
    ("Dockerfile", "var", "var | cat", "hadolint", "DL4006"),
    ("Dockerfile", "var", "`pwd`", "hadolint", "SC2006"),
    ("Makefile", "\t", "    ", "make", "missing separator"),
    ("compose.yaml", "read_only", "readonly", "compose", "readonly"),
]  # fmt: skip


def noticed(name: str, text: str, folder: Path) -> dict[str, str]:
    """Return what the checks that fail say of a file."""
    content = text.encode(errors="surrogateescape")
    return {stage.name: stage.error for stage in findings(name, content, folder) if stage.error}


def test_python_that_is_in_no_tree_is_a_file_too(tmp_path: Path) -> None:
    own = {"src/a.py": b"", "tests/b.py": b"", "conftest.py": b"import pytest\n"}
    [one] = jobs(Variants([{}], [own]), "runner")
    assert one.subject == "conftest.py"
    assert "parse" in noticed("conftest.py", "import\n", tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_a_file_without_a_defect_holds(tmp_path: Path, name: str) -> None:
    assert noticed(name, FILES[name], tmp_path) == {}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect[0]}-{defect[3:]}")
def test_a_planted_defect_is_noticed(tmp_path: Path, defect: tuple[str, ...]) -> None:
    name, right, wrong, checks, said = defect
    assert FILES[name].count(right) == 1
    errors = noticed(name, FILES[name].replace(right, wrong), tmp_path)
    assert list(errors) == checks.split()
    assert all(said in error for error in errors.values()), errors


def test_settings_at_home_hide_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hadolint.yaml").write_text("ignored: [DL3007]\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert noticed("Dockerfile", "FROM python:latest\n", tmp_path / "service")


@pytest.fixture(scope="module")
def file_jobs(every: Every) -> list[Job]:
    """Return the jobs for the files of all variants."""
    answers, files = zip(*every, strict=True)
    return jobs(Variants([dict(one) for one in answers], files), "runner")


def test_the_files_of_all_variants_hold(
    file_jobs: list[Job], tmp_path: Path, report: Report
) -> None:
    verdicts = [Verdict(job, job.run(tmp_path)) for job in file_jobs]
    assert [stage.error for verdict in verdicts for stage in verdict.failures] == []
    assert list(tmp_path.iterdir()) == []
    seconds = sum(verdict.cpu_seconds for verdict in verdicts)
    report(f"{len(verdicts)} distinct files that are no Python: {seconds:.1f} CPU seconds.")


def test_every_file_that_is_no_python_is_looked_at_once(file_jobs: list[Job], every: Every) -> None:
    looked_at = [(job.subject, number) for job in file_jobs for number in job.variants]
    held = {
        (name, number)
        for number, (_, files) in enumerate(every)
        for name in files
        if not name.endswith(".py")
    }
    assert len(looked_at) == len(held)
    assert set(looked_at) == held
    assert all(job.kind is Kind.FILE for job in file_jobs)


def test_a_file_is_checked_anew_if_its_name_its_content_or_the_checks_change() -> None:
    def digests(runner: str, **files: bytes) -> set[str]:
        return {job.digest for job in jobs(Variants([{}], [files]), runner)}

    one = digests("runner", name=b"content")
    assert digests("runner", name=b"content") == one
    assert digests("other", name=b"content") != one
    assert digests("runner", other=b"content") != one
    assert digests("runner", name=b"other") != one


def test_a_job_names_the_smallest_variant_that_holds_its_file(file_jobs: list[Job]) -> None:
    answers = {job.answers for job in file_jobs if job.subject == ".gitlab-ci.yml"}
    assert {"ci=gitlab", "database=postgresql ci=gitlab"} <= answers
