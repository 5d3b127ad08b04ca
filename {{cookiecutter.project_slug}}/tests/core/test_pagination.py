"""Cursors and pages."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from {{ cookiecutter.__package }}.core.pagination import Cursor, Page, page_of

ID = "4d1b1a4e-5a0c-4a7b-9b1f-0f3f8f0f7c11"
NOW = "2026-02-03T04:05:06+00:00"


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


class TestCursor:
    @pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-7))])
    def test_comes_back_as_it_went_and_in_utc(self, zone: timezone) -> None:
        cursor = Cursor(datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=zone), UUID(ID))
        assert Cursor.decode(cursor.encode()) == cursor
        assert Cursor.decode(cursor.encode()).created_at.tzinfo is UTC

    @pytest.mark.parametrize(
        "text",
        ["", "|", NOW, f"|{ID}", f"{NOW}|1", f"9999-12-31T23:59:59-23:59|{ID}", f"10000{NOW}|{ID}"],
    )
    def test_refuses_what_is_none(self, text: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - any will do.
            Cursor.decode(encoded(text))

    @pytest.mark.parametrize("text", ["no base64!", "_____w==", encoded(f"{NOW}|{ID}") + "\n"])
    def test_refuses_what_is_not_encoded(self, text: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - any will do.
            Cursor.decode(text)


@dataclass
class Row:
    created_at: datetime
    id: UUID


ROWS = [Row(datetime(2026, 1, day, tzinfo=UTC), UUID(ID)) for day in (3, 2, 1)]


class TestPage:
    def test_one_row_more_than_asked_for_means_another_page(self) -> None:
        page = page_of(ROWS, 2)
        assert (page.items, page.next_cursor) == (
            ROWS[:2],
            Cursor(ROWS[1].created_at, UUID(ID)).encode(),
        )

    @pytest.mark.parametrize("rows", [[], ROWS[:1], ROWS[:2]])
    def test_the_last_page_has_no_cursor(self, rows: list[Row]) -> None:
        assert page_of(rows, 2) == Page(rows, None)
