"""Servers on this machine: a free port for one, what it answers, its readiness and its end."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException

HOST = "127.0.0.1"
ANSWER_SECONDS = 15
START_SECONDS = 180
STOP_SECONDS = 30
OK = 200


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def answer(
    port: int, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """Send a request and return the status and the body of its answer.

    Raises OSError or HTTPException if there is none.
    """
    connection = HTTPConnection(HOST, port, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, path, body or None, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def status(port: int, path: str) -> int | None:
    """Return the status of an answer, or None if there is none."""
    try:
        return answer(port, "GET", path)[0]
    except (OSError, HTTPException):
        return None


def wait_until_ready(server: "subprocess.Popen[bytes]", port: int) -> None:
    """Return as soon as a service is ready. Raises RuntimeError if it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while status(port, "/health/ready") != OK:
        if (code := server.poll()) is not None:
            raise RuntimeError(f"The service ended with {code} before it was ready.")
        if time.monotonic() > deadline:
            raise RuntimeError(f"The service was not ready within {START_SECONDS} s.")
        time.sleep(0.1)


def interrupt(server: "subprocess.Popen[bytes]") -> None:
    """Do to a server in a session of its own what Ctrl+C does in a terminal.

    Raises RuntimeError if it does not end.
    """
    os.killpg(server.pid, signal.SIGINT)
    try:
        server.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        raise RuntimeError("The service did not end.") from None
