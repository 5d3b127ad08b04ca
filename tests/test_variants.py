"""The proof of all variants: what it enumerates and remembers, and what it says of failures."""

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod
from pathlib import Path
from threading import Event

import pytest
from baking import copy_template, environment
from conftest import Report
from proof import processes
from proof.cache import Cache
from proof.covering import Python
from proof.imports import undeclared
from proof.model import Job, Kind, Outcome, Stage, Verdict
from proof.sample import COUNT, PARTS, chosen, jobs
from proof.schedule import Schedule, done
from proof.trees import Trees, answers_job
from proof.variants import Variants, all_variants, defaults, differences, parsed, typed
from rendering import ROOT, Renderer, choices, code_answers, combinations, tree_key

VARIANTS = all_variants()
WHERE = Path("nowhere")


def job(*stages: Stage, digest: str = "", answers: str = "", kind: Kind = Kind.FILE) -> Job:
    """Return a job that comes to these stages."""
    return Job(kind, "README.md", answers, frozenset({0}), lambda _: stages, digest=digest)


HOLDS = Stage("text", 1, 2)
FAILS = Stage("parse", 1, 2, "it is wrong")


def test_all_answers_are_enumerated_and_those_about_code_make_the_trees() -> None:
    assert len(VARIANTS.answers) == prod(map(len, choices().values()))
    assert len(VARIANTS.trees()) == prod(len(choices()[name]) for name in code_answers())
    assert frozenset().union(*VARIANTS.trees().values()) == set(range(len(VARIANTS.answers)))


def test_the_smallest_variant_is_given_the_fewest_answers() -> None:
    wanted = {"database": "postgresql", "example": False}
    tree = next(
        numbers
        for numbers in VARIANTS.trees().values()
        if wanted.items() <= VARIANTS.answers[min(numbers)].items()
    )
    assert VARIANTS.named(tree) == "database=postgresql example=no"
    assert VARIANTS.named(range(len(VARIANTS.answers))) == ""


def test_what_is_typed_is_read_back() -> None:
    for answers in VARIANTS.answers:
        assert parsed(typed(answers).split()) == answers


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("database=mysql", "database=mysql is none of: database=sqlite|postgresql."),
        ("example=true", "example=true is none of: example=yes|no."),
        ("example", "example is none of: example=yes|no."),
        ("colour=red", "colour=red is none of: database=sqlite|postgresql, "),
    ],
)
def test_a_wrong_answer_is_refused_in_one_sentence(word: str, sentence: str) -> None:
    command = [sys.executable, "scripts/variants.py", "--one", word]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == 1


def test_a_file_that_is_no_template_is_named_in_one_sentence(template: Path) -> None:
    files = [path.relative_to(template) for path in template.rglob("*") if path.is_file()]
    renderer = Renderer(template, files)
    renderer._sources["Makefile"] = "all:\n# {% if cookiecutter.example\n"  # noqa: SLF001
    with pytest.raises(ValueError, match=r"^Makefile, line 2: .* It is no Jinja template\.$"):
        renderer.render({})


def test_what_holds_is_remembered_and_what_fails_is_not(tmp_path: Path) -> None:
    held, failed = job(HOLDS, digest="held"), job(HOLDS, FAILS, digest="failed")
    for verdict in Schedule([held, failed], Cache(tmp_path, believed=True), tmp_path).run():
        assert not verdict.cached
    again = Schedule([held, failed], Cache(tmp_path, believed=True), tmp_path).run()
    assert [(one.job.digest, one.cached) for one in again] == [("held", True), ("failed", False)]
    assert again[0].stages == [HOLDS]
    everything = Schedule([held, failed], Cache(tmp_path, believed=False), tmp_path).run()
    assert not any(verdict.cached for verdict in everything)


def test_what_failed_later_is_forgotten(tmp_path: Path) -> None:
    for believed, stage in ((True, HOLDS), (False, FAILS)):
        Schedule([job(stage, digest="one")], Cache(tmp_path, believed=believed), tmp_path).run()
    [verdict] = Schedule([job(FAILS, digest="one")], Cache(tmp_path, believed=True), tmp_path).run()
    assert not verdict.cached
    assert not verdict.holds


def test_a_job_without_a_digest_is_done_each_time(tmp_path: Path) -> None:
    for _ in range(2):
        [verdict] = Schedule([job(HOLDS)], Cache(tmp_path, believed=True), tmp_path).run()
        assert not verdict.cached


def test_what_nobody_had_foreseen_is_a_failure(tmp_path: Path) -> None:
    def run(_folder: Path) -> Sequence[Stage]:
        raise ZeroDivisionError("there are no trees")

    verdict = done(Job(Kind.TREE, "", "", frozenset({0}), run), tmp_path / "new")
    assert not verdict.holds
    assert "ZeroDivisionError: there are no trees" in verdict.stages[0].error


def test_a_worker_has_its_own_folder_and_campaigns_are_done_alone_and_last(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    def run(kind: Kind, folder: Path) -> Sequence[Stage]:
        seen.append((kind, folder.name))
        return [HOLDS]

    def of(kind: Kind) -> Job:
        return Job(kind, "", "", frozenset(), lambda folder: run(kind, folder))

    waiting = [of(Kind.CAMPAIGNS), *(of(Kind.TREE) for _ in range(9)), of(Kind.SERVICE)]
    Schedule(waiting, Cache(tmp_path, believed=True), tmp_path).run()
    assert seen[-1] == ("campaigns", "alone")
    assert {folder for kind, folder in seen[:-1]} <= {f"worker-{number}" for number in range(99)}


def test_a_variant_holds_only_if_all_that_it_is_part_of_holds() -> None:
    answers: list[dict[str, str | bool]] = [
        {"database": name} for name in ("sqlite", "postgresql", "mysql")
    ]
    trees = [
        Verdict(Job(Kind.TREE, "", "", frozenset(numbers), lambda _: []), stages)
        for numbers, stages in (({0, 1}, [HOLDS]), ({2}, [HOLDS]))
    ]
    file = Verdict(Job(Kind.FILE, "", "", frozenset({1}), lambda _: []), [HOLDS, FAILS])
    good = Outcome(answers, trees, seed=1, python="3.13", seconds=1)
    bad = Outcome(answers, [*trees, file], seed=1, python="3.13", seconds=1)
    assert good.last_line == "3 of 3 variants hold (2 distinct trees)"
    assert bad.last_line == "2 of 3 variants hold (2 distinct trees)"


def test_an_answer_that_changes_code_and_should_not_names_two_variants() -> None:
    [stage] = answers_job(VARIANTS).run(WHERE)
    assert not stage.error
    number = VARIANTS.answers.index({**defaults(), "license": "MIT"})
    files = list(VARIANTS.files)
    files[number] = {**files[number], "src/orders_api/more.py": b""}
    [stage] = answers_job(Variants(VARIANTS.answers, files)).run(WHERE)
    assert stage.error == '"" and "license=MIT" differ in code.'


def test_a_lock_that_differs_makes_another_tree() -> None:
    files = VARIANTS.files[0]
    assert tree_key({**files, "uv.lock": b"version = 1\n"}) != tree_key(files)


def test_a_job_that_comes_to_nothing_does_not_hold() -> None:
    assert not Verdict(job(), []).holds


def test_an_interrupt_ends_what_runs_and_lets_nothing_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_ending", Event())
    started = time.monotonic()
    with ThreadPoolExecutor() as pool:
        stage = pool.submit(processes.measured, "sleep", ["sleep", "60"], tmp_path)
        while not processes._running:  # noqa: SLF001
            time.sleep(0.01)
        processes.kill_all()
    assert stage.result().error.startswith("sleep 60 was ended by signal 15")
    with pytest.raises(RuntimeError, match="interrupted"):
        processes.measured("late", ["touch", "late"], tmp_path)
    assert not (tmp_path / "late").exists()
    assert time.monotonic() - started < 30


def test_src_may_import_what_the_service_declares_and_what_that_brings() -> None:
    files = VARIANTS.files[0]
    providers = {"fastapi": ["fastapi"], "starlette": ["starlette"], "httpx": ["httpx"]}
    code = b"import os\nimport fastapi.routing\nfrom starlette import types\nfrom . import core\n"
    own = {name: files[name] for name in ("pyproject.toml", "uv.lock")}
    assert undeclared({**own, "src/a.py": code, "tests/b.py": b"import httpx"}, providers) == []
    for wrong in (b"import httpx", b"def f():\n    from httpx import get", b"import nothing"):
        [sentence] = undeclared({**own, "src/a.py": wrong}, providers)
        assert sentence.startswith("src/a.py imports ")


def test_the_sample_is_large_another_each_time_and_shared_by_its_parts() -> None:
    first = chosen(VARIANTS, 1)
    assert len(set(first)) == min(COUNT, len(VARIANTS.answers)) >= 60
    assert first == chosen(VARIANTS, 1) != chosen(VARIANTS, 2)
    parts = [one.variants for one in jobs(VARIANTS, 1)]
    assert len(parts) == PARTS
    assert sorted(number for part in parts for number in part) == sorted(first)


@pytest.mark.parametrize(
    ("made", "names"),
    [({"a": b"1", "b": b"2"}, []), ({"a": b"1"}, ["b"]), ({"a": b"2", "c": b""}, ["a", "b", "c"])],
)
def test_the_files_that_differ_are_named(made: dict[str, bytes], names: list[str]) -> None:
    assert differences(made, {"a": b"1", "b": b"2"}) == names


def test_a_tree_is_proven_anew_when_anything_of_it_changes() -> None:
    def digests(variants: Variants, runner: str, version: str) -> set[str]:
        python = Python(version, Path("python"))
        return {one.digest for one in Trees(variants, python, runner, lambda: "").jobs()}

    before = digests(VARIANTS, "runner", "3.13.0")
    assert len(before) == len(VARIANTS.trees())
    files = [{**files, "uv.lock": files["uv.lock"] + b"\n"} for files in VARIANTS.files]
    others = [
        digests(VARIANTS, "another", "3.13.0"),
        digests(VARIANTS, "runner", "3.13.1"),
        digests(Variants(VARIANTS.answers, files), "runner", "3.13.0"),
    ]
    assert all(before.isdisjoint(other) for other in others)


def test_ten_thousand_variants_are_rendered_in_seconds(renderer: Renderer, report: Report) -> None:
    many = [*combinations()] * (10_000 // len(VARIANTS.answers) + 1)
    start = time.monotonic()
    rendered = sum(1 for _ in renderer.render_all(many))
    seconds = time.monotonic() - start
    report(f"{rendered} variants were rendered in {seconds:.1f} s.")
    assert seconds < 10


def test_a_failure_is_told_with_the_command_that_shows_it_alone(open_folder: Path) -> None:
    copy = open_folder / "template"
    copy_template(copy)
    subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
    path = copy / "{{cookiecutter.project_slug}}" / "pyproject.toml"
    path.write_text(path.read_text().replace("dependencies = [", 'dependencies = [\n    "nap",', 1))
    done = subprocess.run(
        ["make", "variant", "ANSWERS=database=postgresql example=no"],
        cwd=copy,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "0 of 1 variants hold (1 distinct trees)"
    assert 'Alone: make variant ANSWERS="database=postgresql example=no"' in lines
    assert any(line.startswith("environment: uv sync") for line in lines)
    assert (copy / "build" / "variants" / "report.html").is_file()
