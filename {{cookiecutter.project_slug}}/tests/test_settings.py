"""Settings: where they come from, and what is refused."""

import re
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.core.errors import SettingsError
from {{ cookiecutter.__package }}.settings import (
    describe_settings,
    load_settings,
    setting_names,
)

KEY = "a signing key of 32 bytes or more"
PRODUCTION = {
    "APP_AUTH__SIGNING_KEY": KEY,
    "APP_SERVER__TRUSTED_HOSTS": '["api.example.com"]',
    # {% if cookiecutter.database == "sqlite" %}
    "APP_DATABASE__URL": "sqlite+aiosqlite:////srv/data/app.db",
    "APP_DATABASE__ALLOW_IN_PRODUCTION": "true",
    # {% endif %}
    # {% if cookiecutter.database == "postgresql" %}
    "APP_DATABASE__URL": "postgresql+asyncpg://app:a-good-password@db.example.com:5432/app",
    # {% endif %}
}


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Start in an empty folder; give what sets variables."""
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.fixture
def production(environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    environment.setenv("APP_ENVIRONMENT", "production")
    for name, value in PRODUCTION.items():
        environment.setenv(name, value)
    return environment


def refusal() -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings()
    return str(refused.value)


class TestLoadSettings:
    def test_needs_nothing_on_a_developers_machine(self) -> None:
        settings = load_settings()
        assert (settings.production, settings.serves_docs) == (False, True)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("APP_SERVER__TRUSTED_PROXIES", '["*"]'),
            ("APP_SERVER__TRUSTED_PROXIES", '["::1", "2001:db8::/32", "10.0.0.0/8"]'),
            ("APP_SERVER__TRUSTED_HOSTS", '["api.example.com", "*.example.com", "a_b", "[::1]"]'),
            ("APP_SERVER__CORS_ORIGINS", '["null", "http://localhost:5173", "capacitor://app"]'),
        ],
    )
    def test_takes_what_is_well_formed(
        self, name: str, value: str, environment: pytest.MonkeyPatch
    ) -> None:
        environment.setenv(name, value)
        load_settings()

    def test_one_variable_leaves_its_group_alone(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("APP_SERVER__PORT", "9000")
        server = load_settings().server
        assert (server.port, server.host, server.header_timeout) == (9000, "127.0.0.1", 10)

    def test_reads_the_env_file_below_the_environment(
        self, environment: pytest.MonkeyPatch
    ) -> None:
        Path(".env").write_text("APP_SERVER__PORT=9000\nAPP_SERVER__HOST=::1\n")
        environment.setenv("APP_SERVER__PORT", "9001")
        assert (load_settings().server.port, load_settings().server.host) == (9001, "::1")

    def test_reads_secrets_from_files(self, environment: pytest.MonkeyPatch) -> None:
        Path("app_auth__signing_key").write_text(KEY)
        environment.setenv("APP_SECRETS_DIR", ".")
        key = load_settings().auth.signing_key
        assert key
        assert key.get_secret_value() == KEY

    def test_refuses_a_secrets_folder_that_is_not_there(
        self, environment: pytest.MonkeyPatch
    ) -> None:
        environment.setenv("APP_SECRETS_DIR", "nowhere")
        assert re.search('directory ".+nowhere" does not exist', refusal())

    @pytest.mark.parametrize("name", ["APP_SERVR__PORT", "APP_SERVER__PRT", "APP_SERVER"])
    def test_refuses_a_name_that_it_does_not_know(
        self, name: str, environment: pytest.MonkeyPatch
    ) -> None:
        environment.setenv(name, "9000")
        assert refusal() == f"{name}: no such setting."

    @pytest.mark.parametrize("name", ["APP_SERVR", "APP_SERVER__PRT"])
    def test_refuses_an_unknown_name_in_the_env_file(self, name: str) -> None:
        Path(".env").write_text(f"{name}=9000\n")
        assert refusal().startswith(f"{name}: ")
        assert "9000" not in refusal()

    def test_reads_files_in_utf_8_only(self) -> None:
        Path(".env").write_bytes(b"APP_LOG__LEVEL=\xff")
        assert refusal() == "The settings cannot be read: a file is not UTF-8."

    def test_has_a_line_for_each_mistake(self, environment: pytest.MonkeyPatch) -> None:
        for name in ("APP_SERVER__PORT", "APP_LOG__LEVEL"):
            environment.setenv(name, "loud")
        assert re.fullmatch(r"APP_SERVER__PORT: .+\nAPP_LOG__LEVEL: .+", refusal())


class TestProduction:
    def test_starts_with_all_that_it_needs(self, production: pytest.MonkeyPatch) -> None:
        settings = load_settings()
        assert (settings.production, settings.serves_docs) == (True, False)

    @pytest.mark.parametrize("name", PRODUCTION)
    def test_refuses_what_is_missing(self, name: str, production: pytest.MonkeyPatch) -> None:
        production.delenv(name)
        assert refusal().startswith(f"{name}: ")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("APP_ENVIRONMENT", "staging"),
            ("APP_AUTH__SIGNING_KEY", "a short signing key"),
            ("APP_AUTH__PREVIOUS_SIGNING_KEYS", '["a short signing key"]'),
            ("APP_AUTH__ACCESS_TOKEN_SECONDS", "3600"),
            ("APP_AUTH__ARGON2_MEMORY_KIB", "19455"),
            ("APP_AUTH__ARGON2_TIME_COST", "1"),
            ("APP_AUTH__PASSWORD_MIN_LENGTH", "-7"),
            ("APP_AUTH__LOGIN_RATE_PER_ADDRESS", "often"),
            ("APP_DATABASE__URL", "database://app:a-good-password@db/app"),
            ("APP_DATABASE__URL", "db.example.com"),
# {% if cookiecutter.database == "sqlite" %}
            ("APP_DATABASE__URL", "sqlite+aiosqlite://"),
            ("APP_DATABASE__URL", "sqlite+aiosqlite:///"),
            ("APP_DATABASE__URL", "sqlite+aiosqlite:///app.db?timeout=ss-word"),
            ("APP_DATABASE__URL", "sqlite+aiosqlite://app:ss-word@db.example.com/app.db"),
            ("APP_DATABASE__URL", "sqlite+aiosqlite:///:memory:"),
            ("APP_DATABASE__URL", "sqlite+aiosqlite:///file:app"),
            ("APP_DATABASE__URL", "sqlite+aiosqlite:///file:app?mode=memory&uri=true"),
# {% endif %}
# {% if cookiecutter.database == "postgresql" %}
            ("APP_DATABASE__URL", "postgresql+asyncpg://app:app@db.example.com/app"),
            ("APP_DATABASE__URL", "postgresql+asyncpg://app:pa@ss-word@db.example.com/app"),
            ("APP_DATABASE__URL", "postgresql+asyncpg://app:12@3/ss-word@db.example.com/app"),
            ("APP_DATABASE__URL", "postgresql+asyncpg://app:a@b:ss-word@db.example.com/app"),
            ("APP_DATABASE__URL", "postgresql+asyncpg://app:a-good-password@db:port/app"),
            ("APP_DATABASE__URL", "postgresql+asyncpg://app:ss-word@db/app?port=any"),
            ("APP_DATABASE__URL", "postgresql+asyncpg:///app?user=app&password=ss-word&host=db"),
            ("APP_DATABASE__URL", "postgresql+asyncpg://app:changeme@db.example.com/app"),
# {% endif %}
            ("APP_AUTH__SIGNING_KEY", "a" * 32),
            ("APP_AUTH__SIGNING_KEY", "changeme-0123456789-abcdefghijkl"),
            ("APP_AUTH__SIGNING_KEY", "your-256-bit-secret, or longer yet"),
            ("APP_AUTH__SIGNING_KEY", "REPLACE this key before production"),
            ("APP_AUTH__SIGNING_KEY", "your-256-bit-key-goes-here-right-now"),
            ("APP_AUTH__SIGNING_KEY", "${SIGNING_KEY_OF_THE_VAULT_THAT_WE_HAVE}"),
            ("APP_AUTH__SIGNING_KEY", "an insecure key that nobody believes"),
            ("APP_AUTH__SIGNING_KEY", "an example key that nobody believes"),
            ("APP_AUTH__SIGNING_KEY", "the password of everybody, or longer"),
            ("APP_AUTH__PREVIOUS_SIGNING_KEYS", '["abababababababababababababababab"]'),
            ("APP_DATABASE__POOL_TIMEOUT", "soon"),
            ("APP_SERVER__TRUSTED_HOSTS", '["*"]'),
            ("APP_SERVER__TRUSTED_HOSTS", "api.example.com"),
            ("APP_SERVER__TRUSTED_HOSTS", "[]"),
            ("APP_SERVER__TRUSTED_HOSTS", '["https://api.example.com"]'),
            ("APP_SERVER__TRUSTED_HOSTS", '["api.*.com"]'),
            ("APP_SERVER__TRUSTED_PROXIES", '["*"]'),
            ("APP_SERVER__TRUSTED_PROXIES", '["0.0.0.0/0"]'),
            ("APP_SERVER__TRUSTED_PROXIES", '["::/0"]'),
            ("APP_SERVER__TRUSTED_PROXIES", '["0.0.0.0/1", "128.0.0.0/1"]'),
            ("APP_SERVER__TRUSTED_PROXIES", '["::ffff:0:0/96"]'),
            ("APP_SERVER__TRUSTED_PROXIES", "[" * 100_000),
            ("APP_SERVER__TRUSTED_PROXIES", '["0.0.0.0/0.0.0.0"]'),
            ("APP_SERVER__TRUSTED_PROXIES", '["10.0.0.300/8"]'),
            ("APP_SERVER__TRUSTED_PROXIES", '["10.0.0.1/8"]'),
            ("APP_SERVER__TRUSTED_PROXIES", '["proxy.example.com"]'),
            ("APP_SERVER__CORS_ORIGINS", '["*"]'),
            ("APP_SERVER__CORS_ORIGINS", '["null"]'),
            ("APP_SERVER__CORS_ORIGINS", '["shop.example"]'),
            ("APP_SERVER__CORS_ORIGINS", '["https://shop.example/"]'),
            ("APP_SERVER__CORS_ORIGINS", '["https://*.shop.example"]'),
            ("APP_SERVER__CORS_ORIGINS", '["https://Shop.example"]'),
            ("APP_SERVER__MAX_BODY_BYTES", "-1"),
            ("APP_SERVER__MAX_JSON_VALUES", "-1"),
            ("APP_SERVER__MAX_HEAD_BYTES", "-1"),
            ("APP_SERVER__MAX_HEAD_FIELDS", "-1"),
            ("APP_SERVER__MAX_CONNECTIONS", "-1"),
            ("APP_SERVER__MAX_UNREAD_BYTES", "-1"),
            ("APP_SERVER__PORT", "99999"),
            ("APP_SERVER__REQUEST_TIMEOUT", "-20"),
            ("APP_SERVER__GRACE_PERIOD", "10"),
            ("APP_SERVER__HEADER_TIMEOUT", "inf"),
            ("APP_AUTH__SIGNING_KEY", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7"),
            ("APP_AUTH__SIGNING_KEY", "0123456789abcdefgh" * 2),
            ("APP_AUTH__SIGNING_KEY", "aabbaaabbbaaaabbbbaaaaabbbbbaaaaaabbbbbb"),
            ("APP_SERVER__MAX_BODIES_BYTES", "2000000"),
        ],
    )
    def test_refuses_what_is_weak_or_wrong(
        self, name: str, value: str, production: pytest.MonkeyPatch
    ) -> None:
        production.setenv(name, value)
        said = refusal()
        assert re.fullmatch(f"{name}: [^\n]+\\.", said)
        assert value not in said
        assert "ss-word" not in said

    def test_shows_no_secret(self, production: pytest.MonkeyPatch) -> None:
        shown = repr(load_settings()) + str(load_settings())
        assert KEY not in shown
        assert PRODUCTION["APP_DATABASE__URL"] not in shown


def test_describes_every_setting() -> None:
    names = [line.split("`")[1] for line in describe_settings().splitlines()[2:]]
    assert names == list(setting_names())
    assert all(field.description for field in setting_names().values())
