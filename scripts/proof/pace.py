"""How fast processors are while something is measured.

The same work costs twice the CPU seconds on another machine, or at another hour on this one. A
limit in CPU seconds holds for one pace, so what is compared with it is measured beside a piece of
work that is always the same.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import mean
from threading import Event, Thread

# CPU seconds that `work` takes on the reference, for which limits are written.
REFERENCE = 0.008
PAUSE = 0.4  # seconds from one reading to the next


def work() -> None:
    """Make many small objects, and use memory: what services do, too."""
    found = {}
    for number in range(30_000):
        found[str(number)] = (number,)


@contextmanager
def watched_pace() -> Iterator[Callable[[], float]]:
    """Read again and again what `work` costs while something is measured.

    Yields a function that tells, afterwards, how many times as much it was as on the reference.
    """
    readings: list[float] = []
    over = Event()

    def watch() -> None:
        while not readings or not over.wait(PAUSE):
            start = time.thread_time()
            work()
            readings.append(time.thread_time() - start)

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lambda: mean(readings) / REFERENCE
    finally:
        over.set()
        thread.join()
