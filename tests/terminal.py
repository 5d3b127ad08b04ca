"""A terminal into which a test types what a text tells it to."""

import os
import re
import signal
import subprocess
from itertools import groupby
from pathlib import Path

from baking import environment
from containers.manifests import program
from serving import free_port, interrupt, wait_until_ready

RUN_SECONDS = 240
# These serve until they are interrupted.
SERVERS = re.compile(r"uv run \S+ (dev|serve)|make dev")
STAND_IN = """#!/bin/sh
echo "$@" >>"$DOCKER_LOG"
"""
# There is no cluster. What would be applied is rendered, as the real one does first.
KUBECTL = """#!/bin/sh
echo "$@" >>"$KUBECTL_LOG"
[ "$1 $2" != "apply -k" ] || exec "$KUBECTL" kustomize "$3"
"""


class Terminal:
    """Types commands into a shell, and keeps a server running beside it.

    `docker` and `kubectl` are stand-ins that write down what they were asked for. Port 8000 may be
    taken on this machine, so another one is used in its place.
    """

    def __init__(
        self, folder: Path, scratch: Path, *, programs: list[Path], **variables: str
    ) -> None:
        """Open it in `folder`; `scratch` is for what the test needs besides."""
        self.folder = folder
        self.typed: list[str] = []
        self._logs = {name: scratch / f"{name}.log" for name in ("docker", "kubectl")}
        self._port = free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self._environment = environment(
            PATH=os.pathsep.join(map(str, [scratch, *programs, os.environ["PATH"]])),
            DOCKER_LOG=str(self._logs["docker"]),
            KUBECTL_LOG=str(self._logs["kubectl"]),
            KUBECTL=program("kubectl"),
            CURL_HOME=str(scratch),
            APP_SERVER__PORT=str(self._port),
            **variables,
        )
        for role in ("AUTHOR", "COMMITTER"):
            self._environment |= {f"GIT_{role}_NAME": "Ada", f"GIT_{role}_EMAIL": "a@example.com"}
        (scratch / ".curlrc").write_text("fail\n")  # An answer of 4xx is an error.
        for name, script in {"docker": STAND_IN, "kubectl": KUBECTL}.items():
            (scratch / name).write_text(script)
            (scratch / name).chmod(0o755)

    @property
    def asked_of_docker(self) -> list[str]:
        """What `docker` was asked for."""
        return self._asked_of("docker")

    @property
    def asked_of_kubectl(self) -> list[str]:
        """What `kubectl` was asked for, without the values of secrets."""
        return [re.sub(r"(=\w+=)\S+", r"\1", line) for line in self._asked_of("kubectl")]

    def type(self, command: str, answers: str = "") -> str:
        """Run a command or a block of them, answer its questions, and return what it prints."""
        self.typed.append(command)
        if command.startswith("cd "):
            self.folder /= command.removeprefix("cd ")
            return ""
        lines = groupby(command.splitlines(keepends=True), lambda line: bool(SERVERS.match(line)))
        return "".join(
            self._serve(text) if serves else self._run(text, answers)
            for serves, text in ((serves, "".join(some)) for serves, some in lines)
        )

    def close(self) -> None:
        """Interrupt the server, as Ctrl+C does."""
        if self._server:
            interrupt(self._server)
            self._server = None

    def _asked_of(self, name: str) -> list[str]:
        log = self._logs[name]
        return log.read_text().splitlines() if log.exists() else []

    def _run(self, script: str, answers: str) -> str:
        shell = self._start(script, subprocess.PIPE)
        try:
            printed, _ = shell.communicate(answers.encode(), timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)  # And whatever it has started.
            raise
        assert shell.returncode == 0, f"{script}\n{printed.decode()}"
        return printed.decode()

    def _start(self, script: str, output: int) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            ["sh", "-euc", script.replace("127.0.0.1:8000", f"127.0.0.1:{self._port}")],
            cwd=self.folder,
            env=self._environment,
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=output,
        )

    def _serve(self, command: str) -> str:
        self.close()
        self._server = self._start(f"exec {command}", subprocess.DEVNULL)
        wait_until_ready(self._server, self._port)
        return ""
