"""What is checked, how long it took, and what came of it."""

import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Checks:
    """A list that fills while the work goes on."""

    results: list[tuple[str, bool, float, str]] = field(default_factory=list)
    start: float = field(default_factory=time.monotonic)

    @contextmanager
    def __call__(self, name: str) -> Iterator[list[str]]:
        """Run a check; what it adds to the list that it is given is a figure for the table.

        A check that fails ends the group that it belongs to.
        """
        begun = time.monotonic()
        figures: list[str] = []
        try:
            yield figures
        except Failed:
            raise
        except Exception as error:
            self._add(name, begun, ", ".join([*figures, _reason(error)]), holds=False)
            raise Failed from error
        self._add(name, begun, ", ".join(figures), holds=True)

    @contextmanager
    def group(self, name: str) -> Iterator[None]:
        """Go on with the next group if a check of this one fails, or what is around its checks."""
        begun = time.monotonic()
        try:
            yield
        except Failed:
            pass  # It is in the list.
        except Exception as error:
            self._add(name, begun, _reason(error), holds=False)

    def _add(self, name: str, begun: float, figures: str, *, holds: bool) -> None:
        now = time.monotonic()
        self.results.append((name, holds, now - begun, figures))
        mark = "ok  " if holds else "FAIL"
        print(f"[{now - self.start:4.0f} s] {mark} {name}  {figures}", flush=True)

    def finish(self) -> None:
        """Print the table; exits with 1 unless all hold."""
        print("\n| check | holds | seconds | figures |\n|---|---|---|---|")
        for name, holds, seconds, figures in self.results:
            first = figures.partition("\n")[0]
            print(f"| {name} | {'yes' if holds else 'NO'} | {seconds:.1f} | {first} |")
        held = sum(holds for _, holds, _, _ in self.results)
        print(f"\n{held} of {len(self.results)} container checks hold")
        if held < len(self.results) or not self.results:
            sys.exit(1)


def _reason(error: Exception) -> str:
    """Return what an error says; the line that it comes from where it has no words."""
    words = str(error) or traceback.extract_tb(error.__traceback__)[-1].line
    return f"{type(error).__name__}: {words}"


class Failed(Exception):  # noqa: N818 - it is no error of its own
    """A check has failed, and is in the list."""
