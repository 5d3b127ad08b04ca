"""Bakes some variants with Cookiecutter, and compares them with what the renderer says of them.

    python -m proof.sample SEED PART

Exits with the answers of the first that differs, and the files.
"""

import gc
import random
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from baking import contents
from cookiecutter.main import cookiecutter
from rendering import ROOT, Files

from .model import Job, Kind, Stage
from .processes import measured
from .variants import Variants, all_variants, differences, typed

COUNT = 60
PARTS = 2  # They may run at the same time.
EXPECTED_SECONDS = 12


def jobs(variants: Variants, seed: int) -> Iterator[Job]:
    """Yield the jobs for the variants that `seed` chooses."""
    for part in range(PARTS):
        numbers = chosen(variants, seed)[part::PARTS]
        yield Job(
            kind=Kind.SAMPLE,
            subject=f"{len(numbers)} bakes, byte for byte, seed {seed}, part {part + 1}",
            answers=variants.named(numbers),
            variants=frozenset(numbers),
            run=partial(_run, seed, part),
            expected_seconds=EXPECTED_SECONDS,
            alone=f'make variants ARGS="--seed {seed}"',
        )


def chosen(variants: Variants, seed: int) -> list[int]:
    """Return the numbers of some variants, by chance; the same for the same seed."""
    numbers = range(len(variants.answers))
    return random.Random(seed).sample(numbers, min(COUNT, len(numbers)))  # noqa: S311


def _run(seed: int, part: int, _folder: Path) -> list[Stage]:
    command = [sys.executable, "-m", "proof.sample", str(seed), str(part)]
    return [measured("bakes", command, ROOT / "scripts")]


def baked(template: Path, folder: Path, answers: dict[str, str | bool]) -> Files:
    """Return the files that Cookiecutter makes in `folder`."""
    made = Path(
        cookiecutter(
            str(template),
            no_input=True,
            extra_context=answers,
            output_dir=str(folder),
            default_config=True,
        )
    )
    return contents(made)


def main(seed: int, part: int) -> None:
    """Compare a part of the variants that `seed` chooses."""
    variants = all_variants()
    for number in chosen(variants, seed)[part::PARTS]:
        with tempfile.TemporaryDirectory() as folder:
            made = baked(ROOT, Path(folder), dict(variants.answers[number]))
        if names := differences(made, variants.files[number]):
            answers = typed(variants.answers[number])
            sys.exit(f'"{answers}" is baked with another {", ".join(names)}.')


if __name__ == "__main__":
    gc.disable()  # Little is made that is not needed until the end, and to look takes a tenth.
    main(int(sys.argv[1]), int(sys.argv[2]))
