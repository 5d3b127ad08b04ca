"""Obeys the marks in file and folder names, then prints the next steps.

name@answer         is kept as `name` if the answer is true
name@answer=a+b.py  is kept as `name.py` if the answer is `a` or `b`
name@always.py      is kept as `name.py`, in place of the one that says that this hook did not run
"""

import json
import os
import re
from pathlib import Path

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")
MARK = re.compile(r"(.+)@([a-z_]+)(?:=([\w.+-]+?))?((?:\.[A-Za-z]\w*)*)")
TEXTS = ("project_name", "project_slug", "description", "author_name")


def resolve(name: str) -> str | None:
    """Return what `name` is called in the project, or None if it was not chosen."""
    mark = MARK.fullmatch(name)
    if not mark or mark[2] not in {"always", *ANSWERS}:
        return name
    answer = ANSWERS.get(mark[2], True)
    chosen = answer is True if mark[3] is None else answer in mark[3].split("+")
    return mark[1] + mark[4] if chosen else None


def obey_marks() -> None:
    """Move each marked file of the current folder to where it belongs, or remove it."""
    for folder, _, files in os.walk(".", topdown=False):
        here = Path(folder)
        names = [resolve(part) for part in here.parts]
        for file in files:
            path, name = here / file, resolve(file)
            if name is None or None in names:
                path.unlink()
            elif (target := Path(*filter(None, names), name)) != path:
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
        if names != list(here.parts):
            here.rmdir()


def print_next_steps() -> None:
    """Say what was made and what to type now, in ASCII, which every terminal can show."""
    slug, version = ANSWERS["project_slug"], ANSWERS["_template_version"]
    folder = str(Path.cwd()).encode("ascii", "backslashreplace").decode()
    chosen = {True: "yes", False: "no"}
    facts = [
        f"{key} {chosen.get(value, value)}"
        for key, value in ANSWERS.items()
        if not key.startswith("_") and key not in TEXTS
    ]
    print(f"\nMade {folder}\nwith {', '.join(facts)}.\n\nNext:")
    database = "  make db\n" if ANSWERS["database"] == "postgresql" else ""
    print(f"  cd {slug}\n{database}  uv run {slug} dev\n  uv run pytest")
    print(f'  git init && git add -A && git commit -m "Start from fastapi-template v{version}"')


if __name__ == "__main__":
    obey_marks()
    if "_output_dir" in ANSWERS:  # cruft runs this hook again and again, and has no such key
        print_next_steps()
