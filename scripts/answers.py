"""Writes what README.md and docs/answers.md say of the answers, between marks.

    python scripts/answers.py

Names, values, defaults and questions are those of cookiecutter.json, and the variants are those
that `make variants` proves. What an answer changes stands here: in cookiecutter.json it would be
copied into every service that cruft makes.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proof.model import claim
from proof.variants import all_variants
from rendering import ROOT, Renderer, code_answers

CHANGES = {
    "project_name": "how people call it",
    "project_slug": "folder, image, command and package (`orders_api`)",
    "database": "driver, engine, tests",
    "kubernetes": "`deploy/`, manifests for kustomize",
    "ci": "the pipeline",
    "example": "the sample feature `items`",
    "python_version": "image and pipeline; the code runs on 3.11 and newer",
    "license": "LICENSE and metadata",
    "description": "metadata and documentation",
    "author_name": "metadata and LICENSE",
}
DEFAULTS = Renderer(ROOT, []).context({})
QUESTIONS: dict[str, Any] = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
BEGIN = "<!-- {} is written by scripts/answers.py. -->\n"
END = "<!-- The end. -->\n"


def answers() -> list[str]:
    """Return the names of all answers, in the order of the questions."""
    return [name for name in QUESTIONS if not name.startswith("_")]


def values(name: str) -> list[str]:
    """Return the values of an answer, the default first; none if it is a text."""
    default = QUESTIONS[name]
    if isinstance(default, bool):
        return ["yes", "no"] if default else ["no", "yes"]
    return default if isinstance(default, list) else []


def text_default(name: str) -> str:
    """Return the default of a text, and of which answers it is made."""
    origins = re.findall(r"cookiecutter\.(\w+)", QUESTIONS[name])
    origin = f"from `{'`, `'.join(origins)}`: " if origins else ""
    return f"{origin}`{DEFAULTS[name]}`"


def question(name: str) -> str:
    """Return what Cookiecutter asks."""
    prompt = QUESTIONS["__prompts__"][name]
    return str(prompt["__prompt__"] if isinstance(prompt, dict) else prompt)


def labelled_values(name: str) -> str:
    """Return the values of an answer with what Cookiecutter says of each."""
    prompt = QUESTIONS["__prompts__"][name]
    labels = prompt if isinstance(prompt, dict) else {}
    shown = [f"`{one}` ({labels[one]})" if one in labels else f"`{one}`" for one in values(name)]
    return ", ".join(shown) or f"a text{longest(name)}; {text_default(name)}"


def longest(name: str) -> str:
    """Return how long a text may be, if cookiecutter.json says so."""
    limit = re.search(r"checked_text\('\w+', (\d+)\)", QUESTIONS.get(f"__{name}", ""))
    return f" of at most {limit[1]} characters" if limit else ""


def table(columns: str, row: Callable[[str], list[str]]) -> str:
    """Return a table with a row for each answer; `columns` is its head."""
    lines = [columns, "|".join(["", *["---"] * (columns.count("|") - 1), ""])]
    lines += [f"| {' | '.join(row(name))} |" for name in answers()]
    return "".join(f"{line}\n" for line in lines)


def short_row(name: str) -> list[str]:
    """Return an answer as README.md shows it."""
    return [f"`{name}`", ", ".join(values(name)) or text_default(name), CHANGES[name]]


def long_row(name: str) -> list[str]:
    """Return an answer as docs/answers.md shows it."""
    return [f"`{name}`", question(name), labelled_values(name), CHANGES[name]]


def short_table() -> str:
    """Return what stands in README.md."""
    return table("| answer | values, the default first | changes |", short_row)


def long_table() -> str:
    """Return what stands in docs/answers.md."""
    rows = table("| answer | question | values, the default first | changes |", long_row)
    return f"{rows}\n{count()}\n"


def count() -> str:
    """Return how many services these answers make."""
    variants = all_variants()
    names = " and ".join(f"`{name}`" for name in code_answers())
    return (
        f"Texts apart, they make {len(variants.answers)} services. The code differs by {names}, "
        f"in {len(variants.trees())} ways."
    )


def proven() -> str:
    """Return what `make variants` ends with."""
    variants = all_variants()
    number = len(variants.answers)
    return f"**{claim(number, number, len(variants.trees()))}**: `make variants` shows it.\n"


# Where what is written: the document, the text before it, and what writes it.
BLOCKS: list[tuple[Path, str, Callable[[], str]]] = [
    (ROOT / "README.md", "The claim", proven),
    (ROOT / "README.md", "The table", short_table),
    (ROOT / "docs" / "answers.md", "The table", long_table),
]
DOCUMENTS = dict.fromkeys(path for path, _, _ in BLOCKS)


def rewritten(path: Path) -> str:
    """Return a document with its blocks as they should be. Raises ValueError without the marks."""
    text = path.read_text(encoding="utf-8")
    for document, what, write in BLOCKS:
        if document == path:
            text = _replaced(text, BEGIN.format(what), write())
    return text


def _replaced(text: str, begin: str, block: str) -> str:
    before, _, rest = text.partition(begin)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"this needs these two lines:\n{begin}{END}")
    return f"{before}{begin}{block}{END}{after}"


if __name__ == "__main__":
    for document in DOCUMENTS:
        document.write_text(rewritten(document), encoding="utf-8", newline="\n")
