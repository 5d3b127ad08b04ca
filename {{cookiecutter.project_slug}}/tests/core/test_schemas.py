"""Building blocks of bodies."""

import pytest
from pydantic import ValidationError

from {{ cookiecutter.__package }}.core.schemas import Name, RequestModel, Text


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
