"""Podman and Buildah, as a program without systemd can use them."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CONFIG = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
"""
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
# As a pod of the manifests runs it.
RESTRICTED = [
    "--read-only",
    "--tmpfs=/tmp:rw,size=64m",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--memory=256m",
    "--pids-limit=256",
    "--network=podman",
]
BUILD = ["--pull-never", "--format=docker", "--isolation=chroot", "--network=host", "--layers"]
START_SECONDS = 60
POSTGRESQL = "docker.io/library/postgres:18-alpine"
POSTGRESQL_PASSWORD = "of-a-minute"  # noqa: S105 - of a database that lives for a minute


def configure(folder: Path) -> None:
    """Use what works without systemd and without the right to raise limits; `folder` is kept."""
    config = folder / "containers.conf"
    config.write_text(CONFIG)
    os.environ["CONTAINERS_CONF"] = str(config)


def run(*command: str, timeout: float | None = None) -> str:
    """Run a command and return what it prints. Raises RuntimeError with its words if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)
    if done.returncode:
        end = (done.stdout + done.stderr).strip().splitlines()[-15:]
        raise RuntimeError("\n".join([f"{' '.join(command)[:200]}: exit {done.returncode}", *end]))
    return done.stdout.strip()


def podman(*arguments: str) -> str:
    """Run podman."""
    return run("podman", *arguments)


def refusal(*arguments: str) -> str:
    """Return the words with which podman, or what it runs, refuses; "" if it does not."""
    try:
        podman(*arguments)
    except RuntimeError as error:
        return str(error)
    return ""


def build(project: Path, tag: str) -> None:
    """Build a service's image, with this machine's index and authorities as its arguments."""
    arguments = []
    if AUTHORITIES.is_file():
        arguments += ["--secret", f"id=ca,src={AUTHORITIES}"]
        arguments += ["--build-arg", "SSL_CERT_FILE=/run/secrets/ca"]
    if "UV_DEFAULT_INDEX" in os.environ:
        arguments += ["--build-arg", "UV_DEFAULT_INDEX"]
    run("buildah", "bud", *BUILD, *arguments, "--tag", tag, str(project))


def image(tag: str) -> dict[str, Any]:
    """Return what is known about an image."""
    return dict(json.loads(podman("image", "inspect", tag))[0])


def state(container: str) -> dict[str, Any]:
    """Return what is known about a container."""
    return dict(json.loads(podman("container", "inspect", container))[0])


def facts(container: str) -> dict[str, str]:
    """Return what Linux says of a container's process: users, rights, memory."""
    status = Path(f"/proc/{state(container)['State']['Pid']}/status").read_text()
    return dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)


def address(container: str) -> str:
    """Return the address of a container in podman's own network."""
    networks = state(container)["NetworkSettings"]["Networks"]
    return str(networks["podman"]["IPAddress"])


def print_log(container: str) -> None:
    """Print the last lines of a container, or why there are none."""
    command = ["podman", "logs", "--tail=20", container]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout + done.stderr, flush=True)


@contextmanager
def running(tag: str, *options: str, command: tuple[str, ...] = ()) -> Iterator[str]:
    """Give a container that runs an image; its log is shown when something goes wrong."""
    container = podman("create", "--pull=never", *options, tag, *command)
    try:
        podman("start", container)
        yield container
    except BaseException:
        print_log(container)
        raise
    finally:
        podman("rm", "--force", "--volumes", "--time=0", container)


@contextmanager
def postgresql() -> Iterator[str]:
    """Give the address of a PostgreSQL that is ready, with `app` and an empty database `app`.

    Production refuses a password that is the user's name.
    """
    given = {"USER": "app", "PASSWORD": POSTGRESQL_PASSWORD, "DB": "app"}
    variables = [f"--env=POSTGRES_{name}={value}" for name, value in given.items()]
    ready = ("pg_isready", "--host=127.0.0.1", "--username=app", "--dbname=app")
    with running(POSTGRESQL, "--network=podman", *variables) as it:
        wait_for(lambda: "accepting" in podman("exec", it, *ready))
        yield address(it)


def wait_for(question: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Ask until the answer is yes. Raises RuntimeError when it takes too long."""
    end = time.monotonic() + seconds
    error: Exception | None = None
    while time.monotonic() < end:
        try:
            if question():
                return
        except (RuntimeError, OSError) as last:
            error = last
        time.sleep(0.2)
    raise RuntimeError(f"it took longer than {seconds:.0f} s: {error}")
