"""What groups of settings are made of. Messages never repeat a value, which may be a secret."""

import json
from collections.abc import Iterator
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

T = TypeVar("T")


class Group(BaseModel):
    """A group of settings; a name that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    def production_problems(self) -> Iterator[tuple[str, str]]:
        """Yield the name of each setting that production refuses, and why."""
        yield from ()


def _parse_list(value: object) -> object:
    # Left to pydantic-settings, the error would name the group and not the variable.
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        raise ValueError('a list is written like ["a", "b"]') from None


JsonList = Annotated[list[T], NoDecode, BeforeValidator(_parse_list)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
