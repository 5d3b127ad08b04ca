"""Access tokens: what is in them, and what is refused."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from {{ cookiecutter.__package }}.core.errors import AuthenticationError
from {{ cookiecutter.__package }}.core.security import tokens
from {{ cookiecutter.__package }}.core.security.settings import AuthSettings
from {{ cookiecutter.__package }}.core.security.tokens import TokenIssuer, TokenVerifier

KEY = "a key for tests, of 32 bytes and more"
OTHER_KEY = "another key, of 32 bytes and more too"
SETTINGS = AuthSettings(signing_key=SecretStr(KEY))


@pytest.fixture
def issuer() -> TokenIssuer:
    return TokenIssuer(SETTINGS)


@pytest.fixture
def verifier() -> TokenVerifier:
    return TokenVerifier(SETTINGS)


def decoded(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return jwt.get_unverified_header(token), claims


def forge(
    issuer: TokenIssuer,
    *,
    key: str = KEY,
    algorithm: str = "HS256",
    headers: dict[str, Any] | None = None,
    without: str = "",
    **claims: Any,
) -> str:
    """Return a token that is good but for the changes."""
    good_headers, good_claims = decoded(issuer.issue("ann", ["things:read"]))
    del good_headers["alg"]
    changed = good_claims | claims
    changed.pop(without, None)
    return jwt.encode(changed, key, algorithm, good_headers | (headers or {}))


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


class TestIssue:
    def test_says_what_rfc_9068_asks_for(self, issuer: TokenIssuer) -> None:
        header, claims = decoded(issuer.issue("ann", ["things:read", "things:write"]))
        assert header["typ"] == "at+jwt"
        assert header["alg"] == "HS256"
        assert claims["exp"] - claims["iat"] == 900
        assert claims["scope"] == "things:read things:write"
        assert set(claims) == set(tokens.REQUIRED_CLAIMS)

    def test_never_gives_the_same_token_twice(self, issuer: TokenIssuer) -> None:
        assert issuer.issue("ann", []) != issuer.issue("ann", [])


class TestVerify:
    async def test_returns_the_principal(
        self, issuer: TokenIssuer, verifier: TokenVerifier
    ) -> None:
        principal = await verifier.verify(issuer.issue("ann", ["things:read"]))
        assert principal.subject == "ann"
        assert principal.scopes == {"things:read"}

    async def test_accepts_what_forge_does_not_change(
        self, issuer: TokenIssuer, verifier: TokenVerifier
    ) -> None:
        assert (await verifier.verify(forge(issuer))).subject == "ann"

    @pytest.mark.parametrize("claim", tokens.REQUIRED_CLAIMS)
    async def test_needs_every_claim(
        self, issuer: TokenIssuer, verifier: TokenVerifier, claim: str
    ) -> None:
        with pytest.raises(AuthenticationError):
            await verifier.verify(forge(issuer, without=claim))

    @pytest.mark.parametrize(
        "change",
        [
            {"key": OTHER_KEY},
            {"key": "x"},
            {"algorithm": "none", "key": ""},
            {"algorithm": "HS384"},
            {"headers": {"typ": "JWT"}},
            {"headers": {"typ": 1}},
            {"headers": {"kid": "../../dev/null"}},
            {"headers": {"kid": "' OR 1=1"}},
            {"headers": {"crit": ["exp"]}},
            {"headers": {"crit": ["b64"], "b64": False}},
            {"iss": "somebody-else"},
            {"aud": "something-else"},
            {"aud": ["{{ cookiecutter.project_slug }}", "something-else"]},
            {"exp": 0},
            {"exp": "tomorrow"},
            {"iat": 99_999_999_999},
            {"sub": 1},
            {"sub": None},
            {"scope": 1},
            {"scope": ["things:read"]},
        ],
    )
    @pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
    async def test_refuses_a_forged_one(
        self, issuer: TokenIssuer, verifier: TokenVerifier, change: dict[str, Any]
    ) -> None:
        with pytest.raises(AuthenticationError, match="not valid"):
            await verifier.verify(forge(issuer, **change))

    async def test_ignores_keys_that_the_token_brings_along(
        self, issuer: TokenIssuer, verifier: TokenVerifier
    ) -> None:
        own = {"jwk": {"kty": "oct", "k": part("x")}, "jku": "http://evil.example/keys"}
        with pytest.raises(AuthenticationError):
            await verifier.verify(forge(issuer, key=OTHER_KEY, headers=own))

    @pytest.mark.parametrize(
        "token",
        [
            "",
            ".",
            "..",
            "a.b.c",
            "not a token",
            "é.é.é",
            "x" * 100_000,
            f"{part({'alg': 'HS256'})}.{part({})}.",
            f"{part([])}.{part([])}.{part([])}",
            f"{part({'alg': 'RS256', 'typ': 'at+jwt', 'kid': 'x'})}.{part({})}.{part('x')}",
            base64.urlsafe_b64encode(b"[" * 3000).decode() + ".e30.x",
        ],
    )
    async def test_refuses_what_is_no_token(self, verifier: TokenVerifier, token: str) -> None:
        with pytest.raises(AuthenticationError):
            await verifier.verify(token)

    async def test_refuses_a_truncated_one(
        self, issuer: TokenIssuer, verifier: TokenVerifier
    ) -> None:
        token = issuer.issue("ann", [])
        for end in (-1, -10, len(token) // 2):
            with pytest.raises(AuthenticationError):
                await verifier.verify(token[:end])

    @pytest.mark.parametrize(("seconds_ago", "valid"), [(25, True), (35, False)])
    async def test_tolerates_half_a_minute_of_skew(
        self, issuer: TokenIssuer, verifier: TokenVerifier, seconds_ago: int, *, valid: bool
    ) -> None:
        token = forge(issuer, exp=int(time.time()) - seconds_ago)
        if valid:
            assert (await verifier.verify(token)).subject == "ann"
        else:
            with pytest.raises(AuthenticationError):
                await verifier.verify(token)

    async def test_forgets_a_verified_one_when_it_expires(
        self, issuer: TokenIssuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = forge(issuer, exp=int(time.time()) - 25)
        await verifier.verify(token)
        later = time.time() + 6
        monkeypatch.setattr(time, "time", lambda: later)
        monkeypatch.setattr(verifier, "_decode", lambda _: pytest.fail("verified again"))
        with pytest.raises(pytest.fail.Exception, match="verified again"):
            await verifier.verify(token)

    async def test_remembers_only_so_many_and_none_of_them_itself(
        self, issuer: TokenIssuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tokens, "REMEMBERED_TOKENS", 3)
        for _ in range(10):
            await verifier.verify(issuer.issue("ann", []))
        remembered = verifier._verified  # noqa: SLF001 - memory has no other face.
        assert len(remembered) <= 3
        assert {len(key) for key in remembered} == {32}


class TestRotation:
    async def test_an_old_key_verifies_and_the_new_one_signs(self) -> None:
        rotated = AuthSettings(
            signing_key=SecretStr(OTHER_KEY), previous_signing_keys=[SecretStr(KEY)]
        )
        old, new = TokenIssuer(SETTINGS).issue("ann", []), TokenIssuer(rotated).issue("ann", [])
        assert (await TokenVerifier(rotated).verify(old)).subject == "ann"
        assert (await TokenVerifier(rotated).verify(new)).subject == "ann"
        with pytest.raises(AuthenticationError):
            await TokenVerifier(SETTINGS).verify(new)
