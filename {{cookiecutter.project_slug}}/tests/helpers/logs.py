"""What was logged."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from {{ cookiecutter.__package }}.core.logging import LogSettings, configure_logging
from {{ cookiecutter.__package }}.settings import Settings

from tests.helpers.client import JsonObject

JSON = LogSettings(format="json")


@contextmanager
def collected_logs(settings: Settings, log: LogSettings = JSON) -> Iterator[list[JsonObject]]:
    """Give a list that has every record once the block has ended."""
    records: list[JsonObject] = []
    with redirect_stdout(io.StringIO()) as output:
        configure_logging(log, production=settings.production)
        yield records
    configure_logging(settings.log, production=settings.production)
    records += [json.loads(line) for line in output.getvalue().splitlines()]
