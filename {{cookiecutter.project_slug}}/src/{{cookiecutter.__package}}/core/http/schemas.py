"""Building blocks of request and response bodies."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


def refuse_nul(value: str) -> str:
    """Return `value`; not every database can store a NUL, so none is accepted.

    Raises:
        ValueError: there is one.
    """
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    return value


# The same, and that a name is not blank, as the OpenAPI document tells it.
NO_NUL = r"^[^\x00]*$"
NOT_BLANK = r"^[^\x00]*[^\x00\s][^\x00]*$"

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(refuse_nul),
    Field(json_schema_extra={"pattern": NOT_BLANK}),
]
Text = Annotated[
    str,
    StringConstraints(max_length=2000),
    AfterValidator(refuse_nul),
    Field(json_schema_extra={"pattern": NO_NUL}),
]


class RequestModel(BaseModel):
    """A request body: a field that it does not know is an error."""

    model_config = ConfigDict(extra="forbid")


class ResponseModel(BaseModel):
    """A response body, read from the attributes of what a service returns."""

    model_config = ConfigDict(from_attributes=True)
