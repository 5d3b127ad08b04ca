"""What a request says that its body is."""

from starlette.datastructures import Headers


def media_type(headers: Headers) -> str:
    """Return the media type without its parameters, "" if there is none (RFC 9110 section 8.3)."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def is_json(headers: Headers) -> bool:
    """Return whether it is JSON, as FastAPI decides it."""
    kind = media_type(headers)
    return kind == "application/json" or kind.endswith("+json")
