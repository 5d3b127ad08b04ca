"""Proves `make demo`: starts it, asks it for /health/ready and /docs, and interrupts it.

Exits with a sentence when it does not answer, or does not end.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException

from rendering import ROOT

START_SECONDS = 180
STOP_SECONDS = 30
OK = 200


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def status(port: int, path: str) -> int | None:
    """Return the status of an answer, or None if there is none."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def wait_until_ready(demo: "subprocess.Popen[bytes]", port: int) -> None:
    """Return as soon as the service is ready; exit if it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while status(port, "/health/ready") != OK:
        if demo.poll() is not None or time.monotonic() > deadline:
            sys.exit("The demo did not become ready.")
        time.sleep(0.2)


def interrupt(demo: "subprocess.Popen[bytes]") -> None:
    """Do to the demo what Ctrl+C does in a terminal; exit if it does not end."""
    os.killpg(demo.pid, signal.SIGINT)
    try:
        demo.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(demo.pid, signal.SIGKILL)
        sys.exit("The demo did not end.")


def main() -> None:
    """Run the proof."""
    port = free_port()
    started = time.monotonic()
    command = ["make", "demo", f"PORT={port}"]
    demo = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        wait_until_ready(demo, port)
        ready = time.monotonic() - started
        if status(port, "/docs") != OK:
            sys.exit("The demo shows no documentation.")
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if second.returncode == 0 or f"Port {port} is taken" not in second.stderr:
            sys.exit("A second demo did not say that the port is taken.")
    finally:
        interrupt(demo)
    if status(port, "/health/live") is not None:
        sys.exit("The demo ended and still answers.")
    print(f"The demo was ready after {ready:.1f} s, showed its documentation, and ended.")


if __name__ == "__main__":
    main()
