"""The compose file of a service, up and down for real."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving import HOST, OK, free_port, status

from containers.checks import Checks
from containers.manifests import program
from containers.podman import POSTGRESQL, build, run

ENGINE = Path(__file__).with_name("docker-engine.sh")


@contextmanager
def engine(folder: Path) -> Iterator[None]:
    """Start a Docker Engine that nobody else uses, and stop it."""
    before = os.environ.get("DOCKER_HOST")
    try:  # Whoever is interrupted while it starts must stop it too.
        run(str(ENGINE), "start", str(folder))
        os.environ["DOCKER_HOST"] = f"unix://{folder / 'socket'}"
        yield
    finally:
        os.environ.pop("DOCKER_HOST", None)
        if before:
            os.environ["DOCKER_HOST"] = before
        run(str(ENGINE), "stop", str(folder))


def load(image: str, name: str, folder: Path) -> None:
    """Hand an image of podman's to the Docker Engine."""
    docker = str(folder / "root" / "usr" / "bin" / "docker")
    archive = folder / "image.tar"
    run("podman", "save", "--quiet", f"--output={archive}", image)
    loaded = run(docker, "load", "--quiet", f"--input={archive}")
    run(docker, "tag", loaded.rpartition(": ")[2], name)
    archive.unlink()


def check_compose(checks: Checks, folder: Path, database: str, project: Path, tag: str) -> None:
    """Start all of a compose file, ask it, and take it down."""
    build(project, tag)
    home = folder / "docker"
    home.mkdir(exist_ok=True)
    with engine(home):
        load(tag, f"{project.name}:latest", home)
        if database == "postgresql":
            load(POSTGRESQL, "postgres:18-alpine", home)
        port = free_port()
        files = elsewhere(database, home, port)
        _check_up(checks, f"compose {database}", project, files, port)


def elsewhere(database: str, folder: Path, port: int) -> list[str]:
    """Return options that take a free port of this machine; those of the file may be taken."""
    file = folder / "ports.yaml"
    ports = f'  api: {{ports: !override ["{HOST}:{port}:8000"]}}\n'
    if database == "postgresql":
        ports += "  database: {ports: !reset []}\n"
    file.write_text(f"services:\n{ports}")
    return ["--file=compose.yaml", f"--file={file}"]


def _check_up(checks: Checks, name: str, project: Path, files: list[str], port: int) -> None:
    try:
        with checks(f"{name}: up --wait, migrated and ready") as said:
            begun = time.monotonic()
            compose(project, *files, "up", "--no-build", "--wait")
            said.append(f"{time.monotonic() - begun:.1f} s from `up` to ready")
            assert status(port, "/health/ready") == OK
        with checks(f"{name}: it migrated once, before it served"):
            states = compose(project, *files, "ps", "--all", "--format={{.Service}} {{.State}}")
            assert "migrate exited" in states, states
            assert "api running" in states, states
        with checks(f"{name}: down, and up again on the same data"):
            compose(project, *files, "down", "--timeout=35")
            assert status(port, "/health/live") is None
            compose(project, *files, "up", "--no-build", "--wait")
            assert status(port, "/health/ready") == OK
    finally:
        compose(project, *files, "down", "--volumes")


def compose(project: Path, *arguments: str) -> str:
    """Run Docker Compose in a service's folder. Raises RuntimeError with its words if it fails."""
    command = [program("docker-compose"), *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr}")
    return done.stdout
