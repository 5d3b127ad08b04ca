"""Makes the default service in build/demo and serves it until it is interrupted.

PORT=8001 python scripts/demo.py
"""

import os
import shutil
import socket
import sys
from pathlib import Path

from cookiecutter.main import cookiecutter
from rendering import ROOT, choices

FOLDER = ROOT / "build" / "demo"
HOST = "127.0.0.1"


def is_taken(port: int) -> bool:
    """Return whether something listens on `port` already."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def bake() -> Path:
    """Make the default service, for this Python, and return its folder."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    answers = {"python_version": here} if here in choices()["python_version"] else {}
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    return Path(
        cookiecutter(
            str(ROOT),
            no_input=True,
            extra_context=answers,
            output_dir=str(FOLDER),
            default_config=True,
        )
    )


def main() -> None:
    """Make the service, then become its server. Exits with one sentence if the port is taken."""
    port = int(os.environ.get("PORT", "8000"))
    if is_taken(port):
        sys.exit(f"Port {port} is taken: try another one, like `make demo PORT={port + 1}`.")
    project = bake()
    print(f"\nServing it on http://{HOST}:{port}/docs, until Ctrl+C.\n", flush=True)
    hidden = ("APP_", "VIRTUAL_ENV")  # of another service, and of this template
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    os.chdir(project)
    command = ["uv", "run", "--quiet", "--locked", project.name, "dev"]
    os.execvpe("uv", command, {**kept, "APP_SERVER__PORT": str(port)})  # noqa: S606


if __name__ == "__main__":
    main()
