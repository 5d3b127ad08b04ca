"""The application that servers import."""

import runpy

import pytest

from {{ cookiecutter.__package }} import settings as settings_module

MAIN = "{{ cookiecutter.__package }}.main"


def test_the_environment_configures_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_module, "ENV_FILE", None)
    monkeypatch.setenv("APP_AUTH__SIGNING_KEY", "a key for tests, of 32 bytes and more")
    monkeypatch.setenv("APP_SERVER__DOCS", "false")
    assert runpy.run_module(MAIN)["app"].openapi_url is None
    monkeypatch.setenv("APP_SERVER__PORT", "99999")
    with pytest.raises(SystemExit, match=r"^The service cannot start\.\nAPP_SERVER__PORT: [^\n]+$"):
        runpy.run_module(MAIN)
