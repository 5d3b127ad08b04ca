"""Writes what came of a proof as one page for people, which needs nothing but itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import product
from math import prod
from pathlib import Path, PurePosixPath

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from rendering import NOT_ABOUT_CODE

from .model import CPU_BUDGET, CPU_LIMIT, ENVIRONMENT, Kind, Outcome, Stage, Verdict
from .variants import word

Value = str | bool


@dataclass(frozen=True)
class Axis:
    """An answer, and the values that it has in some variants."""

    name: str
    values: Sequence[Value]


@dataclass(frozen=True)
class Heading:
    """A value at the head of some columns or rows, and how many these are."""

    value: str
    span: int


@dataclass(frozen=True)
class Tally:
    """How many variants there are of a sort, and how many of them do not hold."""

    label: str
    variants: int
    broken: int


@dataclass(frozen=True)
class Cell:
    """The variants with the same answers about code: as a rule they are of one tree."""

    tally: Tally
    trees: Sequence[Verdict]

    @property
    def state(self) -> str:
        """What is said of it in a word."""
        if self.tally.broken:
            return "fails" if self.tally.broken == self.tally.variants else "partly"
        return "holds" if self.trees else "unseen"

    @property
    def cpu_seconds(self) -> float:
        """What its trees cost."""
        return sum(tree.own_cpu_seconds for tree in self.trees)

    @property
    def cached(self) -> bool:
        """Whether something of it is known from an earlier run."""
        return any(tree.cached for tree in self.trees)


@dataclass(frozen=True)
class GridRow:
    """The headings that begin with a row of cells, and the row."""

    headings: Sequence[Heading]
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Grid:
    """A cell for each combination of values: those of `down` by those of `across`."""

    down: Sequence[Axis]
    across: Sequence[Axis]
    columns: Sequence[Sequence[Heading]]
    rows: Sequence[GridRow]

    @property
    def width(self) -> int:
        """The number of cells in a row."""
        return size(self.across)


@dataclass(frozen=True)
class Segment:
    """A part of a bar, in CPU seconds."""

    name: str
    start: float
    length: float
    color: int


@dataclass(frozen=True)
class Line:
    """What a job cost by stage; None where a stage was not reached."""

    verdict: Verdict
    cost: float
    stages: Sequence[Stage | None]
    shared: Stage | None

    @property
    def segments(self) -> Iterator[Segment]:
        """Its bar, from left to right."""
        start = 0.0
        for color, stage in enumerate(self.stages):
            if stage:
                yield Segment(stage.name, start, stage.cpu_seconds, color)
                start += stage.cpu_seconds


@dataclass(frozen=True)
class Times:
    """Jobs with what they cost, the dearest first; that of trees is compared with the budget."""

    names: Sequence[str]
    lines: Sequence[Line]
    budgeted: bool

    @property
    def scale(self) -> float:
        """The CPU seconds that a whole bar stands for."""
        highest = max(line.cost for line in self.lines)
        return max(highest, CPU_LIMIT if self.budgeted else 0.1) * 1.04


@dataclass(frozen=True)
class FileKind:
    """The files that end alike, or that are called alike."""

    name: str
    verdicts: Sequence[Verdict]

    @property
    def paths(self) -> list[str]:
        """What they are called, each name once."""
        return sorted({verdict.job.subject for verdict in self.verdicts})

    @property
    def variants(self) -> int:
        """How many variants hold one of them."""
        return len(frozenset[int]().union(*(verdict.job.variants for verdict in self.verdicts)))


@dataclass(frozen=True)
class Page:
    """What the page shows of an outcome."""

    outcome: Outcome
    written: datetime

    @cached_property
    def broken(self) -> set[int]:
        """The variants that do not hold."""
        return self.outcome.broken

    @cached_property
    def unseen(self) -> int:
        """How many variants are of no tree that was looked at."""
        return len(set(range(len(self.outcome.answers))) - self._tree_of.keys())

    @property
    def good(self) -> bool:
        """Whether there is nothing to complain about."""
        return not self.outcome.failed and not self.unseen

    @property
    def cached(self) -> int:
        """How many verdicts are those of an earlier run."""
        return sum(verdict.cached for verdict in self.outcome.verdicts)

    @property
    def cpu_seconds(self) -> float:
        """How long processors worked for what was not cached."""
        return sum(one.cpu_seconds for one in self.outcome.verdicts if not one.cached)

    @cached_property
    def axes(self) -> list[Axis]:
        """All answers."""
        names = dict.fromkeys(name for answers in self.outcome.answers for name in answers)
        return [Axis(name, self._values(name)) for name in names]

    @property
    def code_axes(self) -> list[Axis]:
        """The answers that are about code."""
        return [axis for axis in self.axes if axis.name not in NOT_ABOUT_CODE]

    @property
    def other_axes(self) -> list[Axis]:
        """The answers that are not."""
        return [axis for axis in self.axes if axis.name in NOT_ABOUT_CODE]

    @cached_property
    def grid(self) -> Grid:
        """The cells of all combinations of answers that are about code."""
        down, across = halves(self.code_axes)
        return Grid(down, across, headings(across), list(self._rows(down, across)))

    def tallies(self, axis: Axis) -> list[Tally]:
        """Return how the variants with each value of an answer do."""
        return [self._tally(word(value), self._numbers(axis.name, value)) for value in axis.values]

    def verdicts(self, *kinds: str) -> list[Verdict]:
        """Return the verdicts on jobs of some kinds."""
        return [verdict for verdict in self.outcome.verdicts if verdict.job.kind in kinds]

    def times(self, kind: str) -> Times:
        """Return what jobs of a kind cost."""
        budgeted = kind == Kind.TREE
        verdicts = self.verdicts(kind)
        names = stage_names(verdicts, {ENVIRONMENT} if budgeted else set())
        lines = [_line(verdict, names, budgeted=budgeted) for verdict in verdicts]
        return Times(names, sorted(lines, key=lambda line: -line.cost), budgeted)

    def files(self) -> list[FileKind]:
        """Return the files, by kind."""
        kinds: dict[str, list[Verdict]] = {}
        for verdict in self.verdicts(Kind.FILE):
            path = PurePosixPath(verdict.job.subject)
            kinds.setdefault(path.suffix or path.name, []).append(verdict)
        return [FileKind(name, kinds[name]) for name in sorted(kinds)]

    @cached_property
    def _tree_of(self) -> dict[int, Verdict]:
        return {number: tree for tree in self.outcome.trees for number in tree.job.variants}

    @cached_property
    def _cells(self) -> dict[tuple[Value, ...], list[int]]:
        """The variants of each cell, by their answers about code."""
        cells: dict[tuple[Value, ...], list[int]] = {}
        for number, answers in enumerate(self.outcome.answers):
            key = tuple(answers[axis.name] for axis in self.code_axes)
            cells.setdefault(key, []).append(number)
        return cells

    def _values(self, name: str) -> list[Value]:
        return list(dict.fromkeys(answers[name] for answers in self.outcome.answers))

    def _numbers(self, name: str, value: Value) -> list[int]:
        answers = enumerate(self.outcome.answers)
        return [number for number, answer in answers if answer[name] == value]

    def _tally(self, label: str, numbers: Sequence[int]) -> Tally:
        return Tally(label, len(numbers), len(self.broken.intersection(numbers)))

    def _rows(self, down: Sequence[Axis], across: Sequence[Axis]) -> Iterator[GridRow]:
        levels = headings(down)
        for number, first in enumerate(combined(down)):
            cells = [self._cell((*first, *rest)) for rest in combined(across)]
            yield GridRow(beginning(levels, number), cells)

    def _cell(self, key: tuple[Value, ...]) -> Cell:
        numbers = self._cells.get(key, [])
        trees = {id(tree): tree for tree in map(self._tree_of.get, numbers) if tree}
        return Cell(self._tally(" ".join(map(word, key)), numbers), list(trees.values()))


def write_report(outcome: Outcome, path: Path) -> None:
    """Write the page about an outcome to `path`."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(decimal="{:.1f}".format, word=word)
    environment.globals.update(budget=CPU_BUDGET, limit=CPU_LIMIT, size=size)
    page = Page(outcome, datetime.now(UTC))
    text = environment.get_template("report.html").render(page=page, outcome=outcome)
    path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def size(axes: Iterable[Axis]) -> int:
    """Return the number of combinations."""
    return prod(len(axis.values) for axis in axes)


def combined(axes: Iterable[Axis]) -> Iterator[tuple[Value, ...]]:
    """Yield the combinations."""
    return product(*(axis.values for axis in axes))


def halves(axes: Sequence[Axis]) -> tuple[Sequence[Axis], Sequence[Axis]]:
    """Return what goes down and what goes across, so that the grid is as square as can be."""
    splits = [(axes[:number], axes[number:]) for number in range(len(axes), -1, -1)]
    return min(splits, key=lambda split: abs(size(split[0]) - size(split[1])))


def headings(axes: Sequence[Axis]) -> list[list[Heading]]:
    """Return the headings of the combinations, a list for each of the axes, the outermost first."""
    return [
        [Heading(word(value), size(axes[depth + 1 :])) for value in axis.values]
        * size(axes[:depth])
        for depth, axis in enumerate(axes)
    ]


def beginning(levels: Sequence[Sequence[Heading]], number: int) -> list[Heading]:
    """Return those headings that begin with a row or column."""
    spans = [(level, level[0].span) for level in levels]
    return [level[number // span] for level, span in spans if number % span == 0]


def stage_names(verdicts: Iterable[Verdict], without: Iterable[str] = ()) -> list[str]:
    """Return the names of all stages, in the order in which they were gone through.

    A job that failed may have left some out, so those with most stages are asked first.
    """
    longest = sorted(verdicts, key=lambda verdict: -len(verdict.stages))
    names = dict.fromkeys(stage.name for verdict in longest for stage in verdict.stages)
    return [name for name in names if name not in without]


def _line(verdict: Verdict, names: Sequence[str], *, budgeted: bool) -> Line:
    stages = [_summed(verdict, name) for name in names]
    if budgeted:
        return Line(verdict, verdict.own_cpu_seconds, stages, _summed(verdict, ENVIRONMENT))
    return Line(verdict, verdict.cpu_seconds, stages, None)


def _summed(verdict: Verdict, name: str) -> Stage | None:
    """Return all stages of a name as one, None if there are none."""
    stages = [stage for stage in verdict.stages if stage.name == name]
    if not stages:
        return None
    return Stage(
        name,
        sum(stage.seconds for stage in stages),
        sum(stage.cpu_seconds for stage in stages),
        "\n".join(stage.error for stage in stages if stage.error),
    )
