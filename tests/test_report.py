"""The report of a proof: what it says, that nothing in it breaks the page, and that it is whole."""

import re
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest
from proof.model import CPU_BUDGET, CPU_LIMIT, Job, Kind, Outcome, Stage, Verdict
from proof.report import Axis, beginning, halves, headings, size, write_report
from proof.variants import word

VOID = {"meta", "link", "rect", "line"}  # No end tag, or one that ends itself.
HOSTILE = (
    """</pre></title><script>alert(1)</script>"'><img src=x onerror=y>&lt; {{ 7 * 7 }} \udce9"""
)
CODE: dict[str, Sequence[str | bool]] = {
    "database": ["sqlite", "postgresql"],
    "example": [True, False],
    "auth": ["local", "accounts", "oidc"],
    "redis": [False, True],
    "events": ["none", "outbox", "kafka"],
}
OTHER: dict[str, Sequence[str | bool]] = {
    "ci": ["github", "none"],
    "license": ["MIT", "BSD-3-Clause", "Proprietary"],
}

Answers = dict[str, str | bool]


class Page(HTMLParser):
    """A page with its elements, its text, and what is in its cells."""

    def __init__(self, source: str) -> None:
        """Read a page; every element must be ended where it should."""
        super().__init__()
        self.source = source
        self.text = ""
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.cells: list[str] = []
        self.headings: list[str] = []
        self._open: list[str] = []
        self._in_cell = False
        self.feed(source)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)
        if tag in {"td", "th", "dt", "dd"}:
            self.text += " "
            self._in_cell = "cell" in (dict(attrs).get("class") or "").split()
            self.cells += [""] * self._in_cell
        if tag == "h3":
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        """End the element that was begun last."""
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text."""
        if "style" in self._open:
            return
        self.text += data
        if self._in_cell and "td" in self._open:
            self.cells[-1] += data
        if "h3" in self._open:
            self.headings[-1] += data

    @property
    def words(self) -> str:
        """The text, with a blank for any white space."""
        return " ".join(self.text.split())


def variants(number_of_code_answers: int) -> list[Answers]:
    """Return all combinations of some answers that are about code, and two that are not."""
    code = dict(list(CODE.items())[:number_of_code_answers])
    values = {**code, **OTHER}
    return [dict(zip(values, one, strict=True)) for one in product(*values.values())]


def verdict(
    kind: Kind, subject: str, numbers: Iterable[int], *stages: Stage, cached: bool = False
) -> Verdict:
    """Return a verdict on a job that was never run."""
    job = Job(kind, subject, f"answers={subject}", frozenset(numbers), lambda _: stages)
    return Verdict(job, stages or [Stage("suite", 2, 1.25)], cached)


def trees(answers: Sequence[Answers], cost: float = 1) -> list[Verdict]:
    """Return the verdicts on trees that hold, one for each combination of answers about code."""
    groups: dict[str, list[int]] = {}
    for number, one in enumerate(answers):
        key = " ".join(f"{name}={word(one[name])}" for name in one if name not in OTHER)
        groups.setdefault(key, []).append(number)
    stages = Stage("environment", 30, 29), Stage("suite", cost, cost)
    return [verdict(Kind.TREE, key, numbers, *stages) for key, numbers in groups.items()]


def outcome(answers: Sequence[Answers], verdicts: Sequence[Verdict]) -> Outcome:
    """Return what came of a proof."""
    return Outcome(answers, verdicts, seed=4711, python="3.13.9", seconds=187.44)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a page is written to."""
    return tmp_path / "report.html"


def page_of(path: Path, answers: Sequence[Answers], verdicts: Sequence[Verdict]) -> Page:
    """Write a page and read it."""
    write_report(outcome(answers, verdicts), path)
    return Page(path.read_text(encoding="utf-8"))


def of_every_kind(answers: Sequence[Answers], *, text: str = "subject") -> list[Verdict]:
    """Return verdicts of which one of each kind fails."""
    return [*trees(answers), *(verdict(kind, text, [0], Stage(text, 1, 1, text)) for kind in Kind)]


def test_what_holds_is_said_in_the_headline_and_nothing_is_red(path: Path) -> None:
    answers = variants(2)
    page = page_of(path, answers, trees(answers))
    assert "✓ 24 of 24 variants hold 4 distinct trees" in page.words
    assert "seed 4711" in page.words
    assert "Python 3.13.9" in page.words
    assert "wall time 187.4 s 3.1 min" in page.words
    assert "processors worked 120.0 CPU s" in page.words
    assert ("class", "banner") not in page.attributes
    assert "✗" not in page.text


def test_what_does_not_hold_is_a_banner_with_its_count(path: Path) -> None:
    answers = variants(2)
    page = page_of(path, answers, [*trees(answers), *of_every_kind([])[:1]])
    assert ("class", "banner") in page.attributes
    assert "✗ 1 of 24 variants does not hold" in page.words
    assert "23 of 24 variants hold 4 distinct trees" in page.words
    assert "✓ 23" not in page.words


def test_a_failure_without_variants_is_a_banner_too(path: Path) -> None:
    answers = variants(1)
    failed = verdict(Kind.CAMPAIGNS, "storms", [], Stage("storm", 1, 1, "wet"))
    page = page_of(path, answers, [*trees(answers), failed])
    assert ("class", "banner") in page.attributes
    assert "✗ 1 check failed" in page.words


def test_a_variant_of_no_tree_is_not_said_to_be_proven(path: Path) -> None:
    answers = variants(2)
    page = page_of(path, answers, trees(answers)[1:])
    assert "6 of 24 variants not proven" in page.words
    assert "not proven" in page.cells[0]


def test_a_failure_shows_its_stage_text_and_command(path: Path) -> None:
    answers = variants(2)
    said = "\n".join(f"line {number}" for number in range(500))
    failed = verdict(Kind.SERVICE, "one", [3, 4], Stage("build", 1, 1), Stage("stop", 1, 1, said))
    page = page_of(path, answers, [*trees(answers), failed])
    assert "service: one takes down 2 variants in the stage stop" in page.words
    assert said in page.text
    assert 'make variant ANSWERS="answers=one"' in page.text


def test_failures_of_small_variants_come_first(path: Path) -> None:
    answers = variants(2)
    names = {"a b c": [5], "late": [9], "early": [8]}
    failed = [
        verdict(Kind.FILE, name, numbers, Stage("x", 1, 1, "x")) for name, numbers in names.items()
    ]
    page = page_of(path, answers, [*trees(answers), *failed])
    titles = [" ".join(title.split()) for title in page.headings]
    assert titles == ["✗ file: early", "✗ file: late", "✗ file: a b c"]


def test_what_stands_in_data_does_not_break_the_page(path: Path) -> None:
    answers = [{**one, "database": f"{one['database']}{HOSTILE}"} for one in variants(2)]
    tame = page_of(path, variants(2), of_every_kind(variants(2)))
    page = page_of(path, answers, of_every_kind(answers, text=HOSTILE))
    assert page.tags == tame.tags
    assert [name for name, _ in page.attributes] == [name for name, _ in tame.attributes]
    assert HOSTILE.replace("\udce9", "\\udce9") in page.text


def test_the_page_needs_nothing_but_itself(path: Path) -> None:
    page = page_of(path, variants(2), of_every_kind(variants(2)))
    assert not {"script", "img", "iframe", "object"} & set(page.tags)
    references = [value for name, value in page.attributes if name in {"src", "href", "style"}]
    assert not [value for value in references if "//" in value]
    assert not re.search(r"@import|url\(", page.source)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert ("content", policy) in page.attributes


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_the_matrix_has_a_cell_for_each_tree(path: Path, number: int) -> None:
    answers = variants(number)
    proven = trees(answers)
    broken = verdict(Kind.TREE, "broken", proven[1].job.variants, Stage("suite", 1, 1, "no"))
    page = page_of(path, answers, [proven[0], broken, *proven[2:]])
    states = [re.findall(r"holds|fails|proven", cell) for cell in page.cells]
    assert states == [["fails" if cell == 1 else "holds"] for cell in range(len(proven))]


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_the_numbers_of_the_cells_add_up(path: Path, number: int) -> None:
    answers = variants(number)
    file = verdict(Kind.FILE, "LICENSE", range(0, len(answers), 3), Stage("read", 1, 1, "no"))
    page = page_of(path, answers, [*trees(answers), file])
    titles = [value for name, value in page.attributes if name == "title"]
    counts = [re.search(r": (\d+) variants, (\d+) do not hold\n", title) for title in titles]
    shown = [(int(count[1]), int(count[2])) for count in counts if count]
    assert len(shown) == len(page.cells)
    assert sum(variants for variants, _ in shown) == len(answers)
    assert sum(broken for _, broken in shown) == len(answers) / 3
    assert f"= {len(answers)} in all" in page.words
    assert f"MIT ✗ {len(answers) // 3} of {len(answers) // 3} fail" in page.words
    assert f"BSD-3-Clause ✓ {len(answers) // 3}" in page.words


@pytest.mark.parametrize("number", range(6))
def test_headings_cover_the_grid(number: int) -> None:
    axes = [Axis(name, list(values)) for name, values in list(CODE.items())[:number]]
    down, across = halves(axes)
    assert [*down, *across] == axes
    for half in (down, across):
        levels = headings(half)
        covered = [sum(heading.span for heading in level) for level in levels]
        assert len(set(covered)) <= 1
        rows = covered[0] if covered else 1
        begun = [heading for row in range(rows) for heading in beginning(levels, row)]
        assert len(begun) == sum(map(len, levels))


@pytest.mark.parametrize(
    ("number", "shape"), [(1, (2, 1)), (2, (2, 2)), (3, (4, 3)), (4, (4, 6)), (5, (12, 6))]
)
def test_the_grid_is_as_square_as_can_be(number: int, shape: tuple[int, int]) -> None:
    axes = [Axis(name, list(values)) for name, values in list(CODE.items())[:number]]
    down, across = halves(axes)
    assert (size(down), size(across)) == shape


def test_stages_keep_their_order_and_those_that_failed_are_marked(path: Path) -> None:
    answers = variants(1)
    whole = [Stage(name, 2, 1.5) for name in ("build", "lint", "suite")]
    early = [whole[0], Stage("suite", 4, 2.5, "red")]
    numbers = range(len(answers))
    jobs = [verdict(Kind.TREE, "t", numbers, *stages) for stages in (early, whole)]
    page = page_of(path, answers, jobs)
    assert "state build lint suite environment wall s variants" in page.words
    assert re.search(r"✗ fails 1\.5 \S ✗ 2\.5 \S 6\.0 12$", page.words)


def test_a_part_of_the_variants_is_not_said_to_be_all(path: Path) -> None:
    answers = variants(2)[1:]
    assert "= 24 in all, of which 23 were asked for." in page_of(path, answers, []).words


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        (CPU_BUDGET, None),
        (CPU_BUDGET + 1, f"above {CPU_BUDGET}"),
        (CPU_LIMIT + 1, f"above {CPU_LIMIT}"),
    ],
)
def test_a_dear_tree_is_said_to_be_one_without_the_environment_that_it_shares(
    path: Path, cost: float, said: str | None
) -> None:
    answers = variants(1)
    page = page_of(path, answers, trees(answers, cost))
    marked = re.findall(rf"{cost:.1f} ?[↑⇈] (above \d+)", page.words)
    assert marked == ([said] * 4 if said else [])
    assert page.words.count(f"{cost:.1f}") >= 4


def test_the_dearest_tree_comes_first_and_cached_ones_are_marked(path: Path) -> None:
    answers = variants(1)
    costs = {"cheap": 1.0, "dear": 9.0}
    half = len(answers) // 2
    jobs = [
        verdict(
            Kind.TREE, name, [*range(n * half, (n + 1) * half)], Stage("s", 1, cost), cached=n == 1
        )
        for n, (name, cost) in enumerate(costs.items())
    ]
    page = page_of(path, answers, jobs)
    assert re.search(
        r"dear answers=dear 9\.0 .* holds cached .*cheap answers=cheap 1\.0", page.words
    )
    assert page.words.count("holds cached") == 1
    assert "processors worked 1.0 CPU s" in page.words


def test_files_are_counted_by_kind(path: Path) -> None:
    answers = variants(1)
    names = ["README.md", "README.md", "docs/tour.md", "Dockerfile"]
    files = [verdict(Kind.FILE, name, [n]) for n, name in enumerate(names)]
    page = page_of(path, answers, [*trees(answers), *files])
    assert "Files that are no Python, each once ✓ all 4 hold" in page.words
    assert ".md 3 ✓ all hold 3 3.8 README.md, docs/tour.md" in page.words
    assert "Dockerfile 1 ✓ holds 1 1.2 Dockerfile" in page.words


@pytest.mark.parametrize("holds", [True, False])
def test_the_rest_is_folded_away_while_it_holds(path: Path, *, holds: bool) -> None:
    answers = variants(1)
    stage = Stage("stop", 1, 1, "" if holds else "no")
    rest = [verdict(kind, "one", [0], stage) for kind in Kind if kind is not Kind.TREE]
    page = page_of(path, answers, [*trees(answers), *rest])
    assert page.tags.count("details") == (4 if holds else 9)
    assert [name for name, _ in page.attributes].count("open") == (0 if holds else 7)


def test_nothing_at_all_is_a_page_too(path: Path) -> None:
    assert "0 of 0 variants hold" in page_of(path, [], []).words
