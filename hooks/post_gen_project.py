"""Obeys the marks in the names of the template's files, then prints the next steps.

name@answer         is kept as `name` if the answer is true
name@answer=a+b.py  is kept as `name.py` if the answer is `a` or `b`
name@always.py      is kept as `name.py`, in place of the one that says that this hook did not run

Only files that the template has are looked at: one of the user's is left alone, whatever its name.
"""

import json
import re
from pathlib import Path
from shlex import quote
from textwrap import wrap

ANSWERS = dict(json.loads(r"""{{ cookiecutter.items() | list | tojson }}"""))
MARKED = json.loads(r"""{{ cookiecutter.__package | marked_files | tojson }}""")
# With -s a file that exists stays, and what was written beside it under a marked name goes.
KEEPS_FILES = json.loads(r"""{{ "skip_if_file_exists" | command_option | tojson }}""")
OUTPUT = json.loads(r""" {{ "output_dir" | command_option | tojson }} """)
MARK = re.compile(r"(.+)@([a-z_]+)(?:=([\w.+-]+?))?((?:\.[A-Za-z]\w*)*)")
ONE_REPLICA = "deploy/ runs one replica: SQLite is a file on one disk."
TEXTS = ("project_name", "project_slug", "description", "author_name")


def resolve(name: str) -> str | None:
    """Return what `name` is called in the project, or None if it was not chosen."""
    mark = MARK.fullmatch(name)
    if not mark or mark[2] not in {"always", *ANSWERS}:
        return name
    answer = ANSWERS.get(mark[2], True)
    chosen = answer is True if mark[3] is None else answer in mark[3].split("+")
    return mark[1] + mark[4] if chosen else None


def obey_marks(files: list[str]) -> None:
    """Move each of the marked `files` of the current folder to where it belongs, or remove it."""
    for path in [Path(file) for file in files if Path(file).is_file()]:
        names = [resolve(part) for part in path.parts]
        target = Path(*(name or "" for name in names))
        kept = KEEPS_FILES and target.exists() and "@always" not in path.name
        if kept or None in names:
            path.unlink()
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        for folder in path.parents:
            if "@" in str(folder) and not any(folder.iterdir()):
                folder.rmdir()


def print_next_steps() -> None:
    """Say what was made and what to type now, in ASCII, which every terminal can show."""
    slug, version = ANSWERS["project_slug"], ANSWERS["_template_version"]
    typed = {True: "yes", False: "no"}
    facts = [
        f"{key}={typed.get(value, value)}"
        for key, value in ANSWERS.items()
        if not key.startswith("_") and key not in TEXTS
    ]
    lines = [
        f"\nMade {Path.cwd()}",
        *wrap(f"with {' '.join(facts)}", 79, break_on_hyphens=False),
        *([ONE_REPLICA] if ANSWERS["kubernetes"] and ANSWERS["database"] == "sqlite" else []),
        "\nNext:",
        f"  cd {quote(str(Path(OUTPUT or ANSWERS['_output_dir'], slug)))}",
        *(["  make db"] if ANSWERS["database"] == "postgresql" else []),
        f"  uv run {slug} dev\n  uv run pytest",
        f'  git init && git add -A && git commit -m "Start from fastapi-template v{version}"',
    ]
    print("\n".join(lines).encode("ascii", "backslashreplace").decode())


if __name__ == "__main__":
    obey_marks(MARKED)
    if "_output_dir" in ANSWERS:  # cruft runs this hook again and again, and has no such key
        print_next_steps()
