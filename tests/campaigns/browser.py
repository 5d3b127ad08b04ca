"""A real browser, and the pages of a service's documentation in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECONDS = 15
REFUSED_BY_POLICY = "csp"  # How Chromium's protocol says that a Content-Security-Policy did it.


@dataclass
class Tab:
    """A page, with all that it asked for, what of it was refused, and what it complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Begin to take notes."""
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfailed", self._note_failure)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note_message)

    def _note_failure(self, request: Request) -> None:
        if request.failure == REFUSED_BY_POLICY:
            self.refused.append(request.url)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


@contextmanager
def open_tab() -> Iterator[Tab]:
    """Give a page in a Chromium of its own, with a profile that nobody has used."""
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        pytest.fail("This needs Chromium: on Debian, install the package chromium.", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(SECONDS * 1000)
        tab = Tab(page)
        tab.watch()
        yield tab
        browser.close()


@dataclass(frozen=True)
class SwaggerUI:
    """The page /docs, and what one does with it."""

    page: Page

    def operation(self, method: str, path: str) -> Locator:
        """Return the block of an operation."""
        block = self.page.locator(f".opblock-{method.lower()}")
        return block.filter(has=self.page.locator(f'[data-path="{path}"]'))

    def try_out(self, method: str, path: str) -> int:
        """Execute an operation with the example values as they stand; return the status."""
        operation = self.operation(method, path)
        operation.locator(".opblock-summary").click()
        operation.get_by_role("button", name="Try it out").click()
        operation.get_by_role("button", name="Execute").click()
        return int(operation.locator("tbody .response-col_status").first.inner_text())

    def example(self, method: str, path: str) -> str:
        """Return the body that an operation was executed with."""
        return self.operation(method, path).locator("textarea").input_value()

    def log_in(self, email: str, password: str) -> None:
        """Type a password into what the button Authorize opens."""
        self.page.locator(".btn.authorize").click()
        dialog = self.page.locator(".modal-ux")
        dialog.get_by_label("username").fill(email)
        dialog.get_by_label("password").fill(password)
        dialog.get_by_role("button", name="Apply given OAuth2 credentials").click()
        dialog.get_by_role("button", name="Remove authorization").wait_for()
        dialog.get_by_role("button", name="Close").last.click()
