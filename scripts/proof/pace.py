"""How fast processors are while something is measured.

The same work costs twice the CPU seconds on another machine, or at another hour on this one: who
else uses its caches does not show in them. A limit in CPU seconds holds for one pace, so what is
compared with it is measured beside a piece of work that is always the same.
"""

import time
from statistics import mean
from threading import Event, Thread
from types import TracebackType

# CPU seconds that `work` takes on the reference, for which limits are written.
REFERENCE = 0.008
PAUSE = 0.4  # seconds from one reading to the next


def work() -> None:
    """Make many small objects, and use memory: what services do, too."""
    found = {}
    for number in range(30_000):
        found[str(number)] = (number,)


class Pace:
    """A context in which work is measured; meanwhile, it reads what its own work costs."""

    def __init__(self) -> None:
        """Begin with no readings."""
        self._readings: list[float] = []
        self._over = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Pace":
        """Read, at once and then again and again."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Read no longer."""
        self._over.set()
        self._thread.join()

    @property
    def slowness(self) -> float:
        """How many times as much as on the reference it cost, once it is over."""
        return mean(self._readings) / REFERENCE

    def _watch(self) -> None:
        while not self._readings or not self._over.wait(PAUSE):
            start = time.thread_time()
            work()
            self._readings.append(time.thread_time() - start)
