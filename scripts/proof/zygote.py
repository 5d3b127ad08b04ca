"""A process whose children run suites and migrations, and find its libraries loaded."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

from baking import environment

from .imports import Providers
from .model import Stage
from .processes import forget, tail, watched

STAGE_SECONDS = 300
MAIN = Path(__file__).with_name("zygote_main.py")


class Zygote:
    """The process, in the environment and the folder of a service."""

    def __init__(self, folder: Path, modules: Sequence[str], **variables: str) -> None:
        """Start it; it loads `modules`."""
        self._process = watched(
            lambda: subprocess.Popen(
                [folder / ".venv" / "bin" / "python", MAIN, *modules],
                cwd=folder,
                env=environment(**variables),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        self._requests = cast("IO[str]", self._process.stdin)
        self._answers = cast("IO[str]", self._process.stdout)

    def loaded(self) -> tuple[Providers, float]:
        """Wait until the modules are loaded.

        Return which distributions the modules of the environment come from, and the CPU seconds.
        """
        ready: dict[str, Any] = self._answer()
        return ready["providers"], ready["cpu_seconds"]

    def run(self, stage: str, *arguments: str) -> Stage:
        """Run a stage in a child."""
        with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as output:
            request: dict[str, object] = {
                "stage": stage,
                "output": output.name,
                "arguments": arguments,
                "timeout": STAGE_SECONDS,
            }
            print(json.dumps(request), file=self._requests, flush=True)
            answer = self._answer()
            printed = output.read()
        status = answer["status"]
        error = f"The {stage} ended with {status:.0f}.\n{tail(printed)}" if status else ""
        return Stage(stage, answer["seconds"], answer["cpu_seconds"], error)

    def close(self) -> None:
        """End it, and the child that runs."""
        self._process.terminate()
        self._process.communicate()
        forget(self._process.pid)

    def _answer(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            raise RuntimeError("The process that has the libraries loaded has ended.")
        answer: dict[str, Any] = json.loads(line)
        return answer
