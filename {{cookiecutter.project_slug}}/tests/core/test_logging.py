"""What is written to the log."""

import logging
from datetime import datetime, timedelta

import pytest
import structlog
from fastapi import FastAPI
from httpx import AsyncClient

from {{ cookiecutter.__package }}.core.logging import LogSettings, configure_logging
from {{ cookiecutter.__package }}.settings import Settings

from tests.helpers.client import bearer
from tests.helpers.logs import collected_logs

SECRET = "the value of a local variable"


def log_failure(secret: str = SECRET) -> None:
    try:
        int(f"no number, but {len(secret)}")
    except ValueError:
        structlog.get_logger().exception("failed")


class TestJson:
    def test_is_what_production_writes_in_utc(self, settings: Settings) -> None:
        production = settings.model_copy(update={"environment": "production"})
        with collected_logs(production, LogSettings()) as records:
            structlog.get_logger().info("started")
        assert records[0]["event"] == "started"
        assert datetime.fromisoformat(records[0]["timestamp"]).utcoffset() == timedelta(0)

    def test_a_message_is_one_record_whatever_is_in_it(self, settings: Settings) -> None:
        with collected_logs(settings) as records:
            structlog.get_logger().info("one\ntwo", path='/"\r\n{"event": "forged"}')
            logging.getLogger("library").warning("three\nfour %s", "\n")
        ours, theirs = records
        assert ours["event"] == "one\ntwo"
        assert (theirs["event"], theirs["logger"]) == ("three\nfour \n", "library")

    def test_a_traceback_is_part_of_its_record_and_without_locals(self, settings: Settings) -> None:
        with collected_logs(settings) as records:
            log_failure()
        assert "ValueError: invalid literal" in records[0]["exception"]
        assert SECRET not in str(records)


def test_a_traceback_for_people_shows_no_locals(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(settings.log, production=settings.production)
    log_failure()
    shown = capsys.readouterr().out
    assert "ValueError: invalid literal" in shown
    assert SECRET not in shown


async def test_a_request_is_one_record_with_who_and_which(
    app: FastAPI, client: AsyncClient, settings: Settings
) -> None:
    with collected_logs(settings) as records:
        answer = await client.get("/api/v1/users/me?x=1", headers=bearer(app, "nobody"))
    (record,) = [record for record in records if record["event"] == "request"]
    assert (record["method"], record["path"]) == ("GET", "/api/v1/users/me")
    assert (record["status"], record["subject"]) == (401, "nobody")
    assert record["request_id"] == answer.headers["X-Request-ID"]
