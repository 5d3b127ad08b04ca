"""Building blocks of bodies."""

import re

import pytest
from pydantic import ValidationError

from {{ cookiecutter.__package }}.core.http.schemas import Name, RequestModel, Text


class Example(RequestModel):
    name: Name = "Ann"
    text: Text = ""


def test_names_are_stripped_and_texts_are_not() -> None:
    assert Example(name=" Ann ", text=" kept ") == Example(name="Ann", text=" kept ")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "x" * 101),
        ("name", "\0"),
        ("text", "x" * 2001),
        ("text", "a\0"),
        ("role", "admin"),
    ],
)
def test_refuses(field: str, value: str) -> None:
    with pytest.raises(ValidationError):
        Example.model_validate({field: value})


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("name", "\0", False),
        ("name", "a\0b", False),
        ("name", " \n", False),
        ("name", " Ann\nB ", True),
        ("text", "a\0", False),
        ("text", "", True),
        ("text", "a\nb", True),
    ],
)
def test_the_schema_tells_what_is_allowed(field: str, value: str, *, allowed: bool) -> None:
    pattern = Example.model_json_schema()["properties"][field]["pattern"]
    assert bool(re.search(pattern, value)) == allowed
    if allowed:
        Example.model_validate({field: value})
    else:
        with pytest.raises(ValidationError):
            Example.model_validate({field: value})
