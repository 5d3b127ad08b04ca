"""Empty databases for services, from where their own tests take them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from baking import environment

# It lasts until its input ends. The server, if any, comes with the service's development
# dependencies.
GIVE = """
import sys
from pathlib import Path
from tests.helpers.database import empty_database
with empty_database(Path(sys.argv[1])) as settings:
    print(settings.url.get_secret_value(), flush=True)
    sys.stdin.read()
"""


@contextmanager
def empty_database(service: Path, folder: Path, **variables: str) -> Iterator[str]:
    """Give the URL of an empty database of the kind that a service on disk is for.

    Where that is a file, it lies in `folder`. `variables` are for uv, which installs what the
    service's tests need if it is not there. Raises RuntimeError if there is no database.
    """
    giver = subprocess.Popen(
        ["uv", "run", "--quiet", "--locked", "python", "-c", GIVE, str(folder)],
        cwd=service,
        env=environment(**variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with giver:  # Ends its input, and waits until the database is gone.
        url = giver.stdout.readline().strip() if giver.stdout else ""
        if not url:
            raise RuntimeError("The service's tests gave no database.")
        yield url
