"""Proves `make demo`: starts it, asks it for /health/ready and /docs, and interrupts it.

Exits with a sentence when it does not answer, or does not end.
"""

import subprocess
import sys
import time

from rendering import ROOT
from serving import OK, free_port, interrupt, status, wait_until_ready


def main() -> None:
    """Run the proof."""
    port = free_port()
    started = time.monotonic()
    command = ["make", "demo", f"PORT={port}"]
    demo = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        wait_until_ready(demo, port)
        ready = time.monotonic() - started
        if status(port, "/docs") != OK:
            sys.exit("The demo shows no documentation.")
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if second.returncode == 0 or f"Port {port} is taken" not in second.stderr:
            sys.exit("A second demo did not say that the port is taken.")
    finally:
        interrupt(demo)
    if status(port, "/health/live") is not None:
        sys.exit("The demo ended and still answers.")
    print(f"The demo was ready after {ready:.1f} s, showed its documentation, and ended.")


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit(str(error))
