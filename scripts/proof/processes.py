"""Runs programs, measures what they cost, and leaves none behind."""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, AnyStr

from baking import environment

from .model import Stage

TIMEOUT = 600
SHOWN_LINES = 80
LAST_SECONDS = 1  # From SIGTERM to SIGKILL.
_running: set[int] = set()
_starting = threading.Lock()
_ending = threading.Event()


def measured(
    name: str,
    command: Sequence[str | Path],
    folder: Path,
    timeout: float = TIMEOUT,
    **variables: str,
) -> Stage:
    """Run a command in `folder`; the stage holds what it printed if it fails.

    Its CPU seconds include those of the processes that it waited for. `timeout` is in seconds.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        process = start(command, folder, output, **variables)
        status, cpu_seconds = wait(process, timeout)
        output.seek(0)
        printed = output.read()
    seconds = time.monotonic() - started
    error = "" if status == 0 else _explained(command, status, printed)
    return Stage(name, seconds, cpu_seconds, error)


def start(
    command: Sequence[str | Path], folder: Path, output: IO[str], **variables: str
) -> "subprocess.Popen[bytes]":
    """Start a program in `folder`, in a session of its own; `wait` has to follow."""
    return watched(
        lambda: subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    )


def wait(process: "subprocess.Popen[bytes]", timeout: float) -> tuple[int, float]:
    """Return the exit status of a program, and the CPU seconds that it took.

    After `timeout` seconds it is ended by a signal; whatever it has started ends with it. The
    seconds of one that is known to have ended are not known any more.
    """
    if process.returncode is not None:
        kill_group(process.pid)
        forget(process.pid)
        return process.returncode, 0
    killer = threading.Timer(timeout, kill_group, [process.pid])
    killer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    finally:
        killer.cancel()
        kill_group(process.pid)
        forget(process.pid)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime


def watched(begin: "Callable[[], subprocess.Popen[AnyStr]]") -> "subprocess.Popen[AnyStr]":
    """Begin a session that `kill_all` ends. Raises RuntimeError after that."""
    with _starting:
        if _ending.is_set():
            raise RuntimeError("This was interrupted.")
        process = begin()
        _running.add(process.pid)
    return process


def forget(process: int) -> None:
    """Do not end a session that has ended."""
    _running.discard(process)


def kill_all() -> None:
    """End every program that still runs, with whatever it has started, and let none start."""
    with _starting:
        _ending.set()
    for process in list(_running):
        kill_group(process, signal.SIGTERM)
    deadline = time.monotonic() + LAST_SECONDS
    while _running and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in list(_running):
        kill_group(process)


def kill_group(process: int, end: signal.Signals = signal.SIGKILL) -> None:
    """End what is left of a session that began with `process`."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, end)


def tail(text: str) -> str:
    """Return the end of what a program printed."""
    return "\n".join(text.rstrip().splitlines()[-SHOWN_LINES:])


def _explained(command: Sequence[str | Path], status: int, printed: str) -> str:
    how = f"was ended by signal {-status}" if status < 0 else f"ended with {status}"
    line = " ".join(Path(part).name if isinstance(part, Path) else part for part in command)
    return f"{line} {how}.\n{tail(printed)}"
