"""Processes of their own, where that is the point."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.process import BaseProcess

import pytest

# Nothing that we fork waits for a thread of ours.
ignore_threads = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


def fork(work: Callable[[], object]) -> BaseProcess:
    """Run `work` in a copy of this process; a new interpreter would import for a second."""
    process = multiprocessing.get_context("fork").Process(target=work, daemon=True)
    process.start()
    return process
