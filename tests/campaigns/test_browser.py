"""The documentation of the default service in a real browser: it works, and it stays at home."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from baking import environment
from conftest import Bake
from rendering import ROOT
from serving import free_port, interrupt, wait_until_ready

from campaigns.browser import SwaggerUI, Tab, open_tab

pytestmark = pytest.mark.campaign

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
SCREENSHOTS = ROOT / "build" / "screenshots"
# Redoc would show its maker's logo, from his server: the service's policy forbids it.
REFUSED_LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg"


@pytest.fixture
def address(bake: Bake) -> Iterator[str]:
    """Return the address of a new service, started as its README says."""
    project = bake(python_version=HERE)
    port = free_port()
    service = subprocess.Popen(
        ["uv", "run", "--quiet", "--locked", "orders-api", "dev"],
        cwd=project.path,
        env=environment(APP_SERVER__PORT=str(port)),
        start_new_session=True,
    )
    try:
        wait_until_ready(service, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        interrupt(service)


@pytest.fixture
def tab() -> Iterator[Tab]:
    """Return a new page of a browser."""
    with open_tab() as tab:
        yield tab


def screenshot(tab: Tab, name: str) -> None:
    """Keep what is to be seen now, for somebody to look at."""
    tab.page.screenshot(path=SCREENSHOTS / f"{name}.png")


def assert_at_home(tab: Tab, address: str, refused: list[str]) -> None:
    """Fail if the page asked anybody but the service, or complained about more than refusals."""
    tab.page.wait_for_load_state("networkidle")
    own = (f"{address}/", f"blob:{address}/", "data:")
    assert [url for url in tab.requests if not url.startswith(own)] == refused
    assert tab.refused == refused
    assert len(tab.complaints) == len(refused), tab.complaints
    assert all(url in complaint for url, complaint in zip(refused, tab.complaints, strict=True))


def test_a_stranger_registers_logs_in_and_makes_an_item(address: str, tab: Tab) -> None:
    tab.page.goto(f"{address}/docs")
    docs = SwaggerUI(tab.page)
    docs.operation("GET", "/health/ready").wait_for()
    screenshot(tab, "docs")

    assert docs.try_out("POST", "/api/v1/users") == 201
    screenshot(tab, "docs-registered")
    account = json.loads(docs.example("POST", "/api/v1/users"))
    docs.log_in(account["email"], account["password"])
    assert docs.try_out("POST", "/api/v1/items") == 201
    assert json.loads(docs.example("POST", "/api/v1/items"))["name"] == "Blue mug"
    screenshot(tab, "docs-item-made")
    for method, path, status in (
        ("GET", "/api/v1/items", 200),
        ("GET", "/api/v1/users/me", 200),
        ("PATCH", "/api/v1/users/me", 200),
        ("POST", "/api/v1/users/me/password", 204),
        ("GET", "/health/live", 200),
        ("GET", "/health/ready", 200),
    ):
        assert docs.try_out(method, path) == status, path
    assert_at_home(tab, address, refused=[])


def test_redoc_shows_every_operation(address: str, tab: Tab) -> None:
    tab.page.goto(f"{address}/redoc")
    tab.page.get_by_role("heading", name="orders-api").wait_for()
    document = tab.page.request.get(f"{address}/openapi.json").json()
    assert len(document["paths"]) > 5
    for path in document["paths"]:
        tab.page.locator("[data-section-id]").get_by_text(path, exact=True).first.wait_for()
    screenshot(tab, "redoc")
    assert_at_home(tab, address, refused=[REFUSED_LOGO])
