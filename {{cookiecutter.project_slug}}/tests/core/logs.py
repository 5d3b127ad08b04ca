"""What was logged."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from {{ cookiecutter.__package }}.core.logging import configure_logging
from {{ cookiecutter.__package }}.core.settings import LogSettings, Settings

from tests.client import JsonObject

JSON = LogSettings(format="json")


@contextmanager
def collected_logs(settings: Settings, log: LogSettings = JSON) -> Iterator[list[JsonObject]]:
    """Give a list that has every record once the block has ended."""
    records: list[JsonObject] = []
    with redirect_stdout(io.StringIO()) as output:
        configure_logging(settings.model_copy(update={"log": log}))
        yield records
    configure_logging(settings)
    records += [json.loads(line) for line in output.getvalue().splitlines()]
