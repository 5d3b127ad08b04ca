"""Makes the default service in build/demo and serves it until it is interrupted.

PORT=8001 python scripts/demo.py
"""

import os
import socket
import sys

from baking import bake, environment
from rendering import ROOT, choices
from serving import HOST

FOLDER = ROOT / "build" / "demo"


def is_taken(port: int) -> bool:
    """Return whether something listens on `port` already."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def answers() -> dict[str, str]:
    """Return the answers of the demo: the defaults, and this Python if the template knows it."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {"python_version": here} if here in choices()["python_version"] else {}


def main() -> None:
    """Make the service, then become its server. Exits with one sentence if the port is taken."""
    port = int(os.environ.get("PORT", "8000"))
    if is_taken(port):
        sys.exit(f"Port {port} is taken: try another one, like `make demo PORT={port + 1}`.")
    project = bake(FOLDER, **answers())
    print(f"\nServing it on http://{HOST}:{port}/docs, until Ctrl+C.\n", flush=True)
    os.chdir(project)
    command = ["uv", "run", "--quiet", "--locked", project.name, "dev"]
    os.execvpe("uv", command, environment(APP_SERVER__PORT=str(port)))  # noqa: S606


if __name__ == "__main__":
    main()
