"""The trees: variants whose code is the same pass their suite and checks together, once."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Lock

from postgresql import postgresql_server
from rendering import NOT_ABOUT_CODE, code_answers

from .cache import digest, of_files
from .covering import Python
from .model import Job, Kind, Stage
from .variants import Variants
from .workshop import Workshop

EXPECTED_SECONDS = 10


class Trees:
    """Proves trees, each in the workshop of the folder that it is given."""

    def __init__(
        self, variants: Variants, python: Python, runner: str, test_database: Callable[[], str]
    ) -> None:
        """Speak of these variants, on a Python; `runner` is a digest of all that proves them."""
        self._variants = variants
        self._python = python
        self._runner = runner
        self._test_database = test_database
        self._workshops: dict[Path, Workshop] = {}

    def jobs(self) -> Iterator[Job]:
        """Yield a job for each tree; those with the same lock in a row."""
        trees = self._variants.trees().values()
        for numbers in sorted(trees, key=lambda numbers: self._files(numbers)["uv.lock"]):
            yield self._job(numbers)

    def close(self) -> None:
        """End what runs in the workshops."""
        for workshop in self._workshops.values():
            workshop.close()

    def _job(self, numbers: frozenset[int]) -> Job:
        named = self._variants.named(numbers)
        return Job(
            kind=Kind.TREE,
            subject=named or "all defaults",
            answers=named,
            variants=numbers,
            run=partial(self._prove, numbers),
            expected_seconds=EXPECTED_SECONDS,
            digest=self._digest(numbers),
        )

    def _files(self, numbers: frozenset[int]) -> dict[str, bytes]:
        return dict(self._variants.files[self._variants.smallest(numbers)])

    def _prove(self, numbers: frozenset[int], folder: Path) -> Sequence[Stage]:
        if folder not in self._workshops:
            self._workshops[folder] = Workshop(folder, self._python, self._test_database)
        return self._workshops[folder].prove(self._files(numbers))

    def _digest(self, numbers: frozenset[int]) -> str:
        """Return a digest of all that the result depends on."""
        files = self._files(numbers)
        return digest(self._runner, str(self._python), of_files(files))


def answers_job(variants: Variants) -> Job:
    """Return the job that looks whether answers that are not about code leave all code alone."""
    every = range(len(variants.answers))
    return Job(
        kind=Kind.ANSWERS,
        subject=f"{', '.join(NOT_ABOUT_CODE)} change no code",
        answers=variants.named(every),
        variants=frozenset(every),
        run=lambda _folder: [_answers_stage(variants)],
        alone="make variants",
    )


def _answers_stage(variants: Variants) -> Stage:
    """Fail for variants whose code differs although they have the same answers about code."""
    smallest: dict[tuple[str | bool, ...], dict[str, int]] = defaultdict(dict)
    for key, numbers in variants.trees().items():
        for number in sorted(numbers, key=variants.size):
            about_code = tuple(variants.answers[number][name] for name in code_answers())
            smallest[about_code].setdefault(key, number)
    pairs = [pair for trees in smallest.values() for pair in pairwise(trees.values())]
    lines = [
        f'"{variants.named([one])}" and "{variants.named([other])}" differ in code.'
        for one, other in pairs
    ]
    return Stage("key", 0, 0, "\n".join(lines))


@contextmanager
def shared_server() -> Iterator[Callable[[], str]]:
    """Give a function that returns the URL of a PostgreSQL for tests.

    It is the one that TEST_DATABASE_URL names, or one that is started at the first call.
    """
    lock = Lock()
    with ExitStack() as stack:
        urls = [os.environ["TEST_DATABASE_URL"]] if "TEST_DATABASE_URL" in os.environ else []

        def url() -> str:
            with lock:
                if not urls:
                    server = stack.enter_context(postgresql_server())
                    urls.append(server.get_uri(driver="asyncpg"))
                return urls[0]

        yield url
