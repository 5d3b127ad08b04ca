"""Incomplete: see the error."""

raise ImportError(
    "This project is not complete: cookiecutter ran without its hooks. "
    "Generate it again without --accept-hooks no."
)
