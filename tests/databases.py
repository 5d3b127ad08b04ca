"""A database for a service that is no file: an empty one on the server that its own tests use."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from baking import environment
from project import BakedProject

# It lasts until its input ends. The server comes with the service's development dependencies.
GIVE_DATABASE = """
import sys
from pathlib import Path
from tests.database import empty_database
with empty_database(Path.cwd()) as settings:
    print(settings.url.get_secret_value(), flush=True)
    sys.stdin.read()
"""


@contextmanager
def database_of(project: BakedProject) -> Iterator[dict[str, str]]:
    """Give the variables that name a database; none are needed where it is a file."""
    if project.context["database"] == "sqlite":
        yield {}
        return
    giver = subprocess.Popen(
        ["uv", "run", "--quiet", "--locked", "python", "-c", GIVE_DATABASE],
        cwd=project.path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with giver:
        assert giver.stdout
        url = giver.stdout.readline().strip()
        assert url, "no database was given"
        yield {"APP_DATABASE__URL": url}
        giver.communicate()  # Ends its input, and waits until the database is gone.
