"""The signing key of a developer's machine."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from {{ cookiecutter.__package }}.core.errors import SettingsError
from {{ cookiecutter.__package }}.core.security.settings import AuthSettings
from {{ cookiecutter.__package }}.core.security.signing_key import (
    LOCAL_KEY,
    signing_key,
)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_settings_come_first() -> None:
    key = SecretStr("a key for tests, of 32 bytes and more")
    assert signing_key(AuthSettings(signing_key=key)) == key
    assert not LOCAL_KEY.exists()


def test_is_made_once_and_only_for_its_owner() -> None:
    key = signing_key(AuthSettings())
    assert len(key.get_secret_value()) == 64
    assert signing_key(AuthSettings()) == key
    assert stat.S_IMODE(LOCAL_KEY.stat().st_mode) == 0o600
    assert list(LOCAL_KEY.parent.iterdir()) == [LOCAL_KEY]


def test_a_folder_that_cannot_be_made_is_one_sentence() -> None:
    LOCAL_KEY.parent.touch()
    with pytest.raises(SettingsError, match=r"^APP_AUTH__SIGNING_KEY: .+\.$"):
        signing_key(AuthSettings())


def test_those_who_start_at_once_agree() -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(signing_key, [AuthSettings()] * 8))
    assert len({key.get_secret_value() for key in keys}) == 1
