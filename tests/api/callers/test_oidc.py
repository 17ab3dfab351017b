"""Tokens of single sign-on, signed by a real issuer on loopback."""

import base64
import hashlib
import hmac
import json
import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi.testclient import TestClient
from pydantic import ValidationError

from api.access import COOKIE
from api.app import create_app
from api.callers.oidc import pseudonym
from api.settings import ApiSettings
from jobs.audit.log import read_events
from jobs.identity.keys import create_key
from jobs.record.database import Database
from jobs.states import Scope
from tests.api.conftest import film
from tests.api.issuer import (
    AUDIENCE,
    Issuer,
    PrivateKey,
    certificate,
    rsa_key,
    serving_issuer,
)
from tests.api.test_access import bearer, submit
from tests.api.wire.test_problems import refused

EVERYTHING = ("submit", "read", "erase")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind is enough here."""
    return sqlite_url


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with serving_issuer() as issuer:
        yield issuer


@pytest.fixture
def settings(settings: ApiSettings, issuer: Issuer) -> ApiSettings:
    """A gateway that takes the issuer's tokens."""
    return ApiSettings(
        **{**settings.model_dump(), "oidc_issuer": issuer.url, "oidc_audience": AUDIENCE}
    )


def ask(client: TestClient, token: str) -> int:
    return client.get("/v1/jobs", headers=bearer(token)).status_code


def ask_again_soon(client: TestClient) -> None:
    """Let the gateway ask its issuer for keys whenever it has a reason to, and not 10 s later."""
    client.app.state.gateway.issuer._refetch_after_s = 0  # type: ignore[attr-defined]  # the application's state is untyped


def part(content: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def claims_of(issuer: Issuer) -> dict[str, object]:
    now = int(time.time())
    return {
        "iss": issuer.url,
        "aud": AUDIENCE,
        "sub": "radiographer-7",
        "exp": now + 60,
        "scope": "pneumocam:read",
    }


def test_a_token_says_who_and_what_they_may(client: TestClient, issuer: Issuer) -> None:
    reader, submitter = issuer.token("read"), issuer.token("submit")

    assert ask(client, reader) == 200
    refused(client.get("/v1/jobs", headers=bearer(submitter)), 403, "missing_scope")
    refused(client.get("/v1/jobs", headers=bearer(issuer.token())), 403, "missing_scope")
    session = client.get("/v1/session", headers=bearer(reader)).json()
    assert (session["keys_needed"], session["name"]) == (True, None)
    assert session["scopes"] == ["read"]


def test_a_subjects_jobs_are_its_own(
    client: TestClient, issuer: Issuer, database: Database
) -> None:
    seven = issuer.token(*EVERYTHING)
    eight = issuer.token(*EVERYTHING, sub="radiographer-8")
    key = create_key(database, "ward 3", scopes=[Scope.READ]).text
    admin = issuer.token("admin", sub="head-of-department")
    job = submit(client, seven)

    own = issuer.token("read", jti="a later token of the same person")
    path = job["links"]["self"]
    assert client.get(path, headers=bearer(own)).status_code == 200
    assert client.get(path, headers=bearer(admin)).status_code == 200
    refused(client.get(path, headers=bearer(eight)), 404, "not_found")
    refused(client.get(path, headers=bearer(key)), 404, "not_found")
    assert client.delete(path, headers=bearer(seven)).status_code == 204


def test_the_subject_is_nowhere_only_its_pseudonym(
    client: TestClient, issuer: Issuer, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = issuer.token(*EVERYTHING)
    submit(client, token)

    with database.read() as session:
        owners = session.connection().exec_driver_sql("SELECT owner FROM jobs").all()
    events = [(row.actor, row.via, row.action) for row in read_events(database)]
    mine = pseudonym(issuer.url, "radiographer-7")
    assert owners == [(mine,)]
    assert events == [(mine, "token", "submit")]
    assert len(mine) == len("oidc-") + 32
    assert mine in caplog.text
    assert "radiographer" not in caplog.text
    for secret in token.split("."):
        assert secret not in caplog.text


def test_the_same_subject_of_another_issuer_is_somebody_else() -> None:
    assert pseudonym("https://a.example", "7") == pseudonym("https://a.example", "7")
    assert pseudonym("https://a.example", "7") != pseudonym("https://b.example", "7")
    assert pseudonym("https://a.example", "7") != pseudonym("https://a.example", "8")


Forge = Callable[[Issuer], str]


def _unsigned(issuer: Issuer) -> str:
    header = {"alg": "none", "typ": "JWT", "kid": "first"}
    return f"{part(header)}.{part(claims_of(issuer))}."


def _signed_with_the_public_key(issuer: Issuer) -> str:
    """HS256, with what everyone can download as the secret: the key as PEM."""
    pem = (
        issuer.keys["first"]
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return _hs256(issuer, pem)


def _signed_with_the_published_key(issuer: Issuer) -> str:
    """The same, with the key as the issuer publishes it."""
    return _hs256(issuer, json.dumps(issuer.document("/keys")["keys"][0]).encode())


def _hs256(issuer: Issuer, secret: bytes) -> str:
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'first'})}.{part(claims_of(issuer))}"
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _tampered(issuer: Issuer) -> str:
    header, _, signature = issuer.token("read").split(".")
    content = {**claims_of(issuer), "scope": "pneumocam:admin", "sub": "somebody-else"}
    return f"{header}.{part(content)}.{signature}"


def _signature_of_another_token(issuer: Issuer) -> str:
    signed, _, _ = issuer.token("admin").rpartition(".")
    return f"{signed}.{issuer.token('read').rpartition('.')[2]}"


@pytest.mark.parametrize(
    ("forge", "says"),
    [
        (lambda issuer: issuer.token("read", exp=int(time.time()) - 60), "expired"),
        (lambda issuer: issuer.token("read", nbf=int(time.time()) + 600), "not valid yet"),
        (lambda issuer: issuer.token("read", iat=int(time.time()) + 600), "not valid yet"),
        (lambda issuer: issuer.token("read", aud="another-service"), "another service"),
        (lambda issuer: issuer.token("read", aud=["one", "two"]), "another service"),
        (lambda issuer: issuer.token("read", aud=None), "no claim `aud`"),
        (lambda issuer: issuer.token("read", iss="https://other.example"), "another issuer"),
        (lambda issuer: issuer.token("read", iss=issuer.url + "/"), "another issuer"),
        (lambda issuer: issuer.token("read", iss=None), "no claim `iss`"),
        (lambda issuer: issuer.token("read", exp=None), "no claim `exp`"),
        (lambda issuer: issuer.token("read", sub=None), "no claim `sub`"),
        (lambda issuer: issuer.token("read", key=rsa_key()), "signature is invalid"),
        (lambda issuer: issuer.token("read", header={"typ": "logout+jwt"}), "not an access token"),
        (lambda issuer: issuer.token("read", header={"crit": ["x"], "x": 1}), "cannot be read"),
        (lambda issuer: issuer.token("read", kid="first", algorithm="PS256"), None),
        (_unsigned, "signature algorithm is not accepted"),
        (_signed_with_the_public_key, "signature algorithm is not accepted"),
        (_signed_with_the_published_key, "signature algorithm is not accepted"),
        (_tampered, "signature is invalid"),
        (_signature_of_another_token, "signature is invalid"),
        (lambda _: "a.b.c", "cannot be read"),
        (lambda _: "..", "cannot be read"),
    ],
)
def test_a_token_that_does_not_hold_is_refused_with_the_reason(
    client: TestClient, issuer: Issuer, forge: Forge, says: str | None
) -> None:
    token = forge(issuer)

    answer = client.get("/v1/jobs", headers=bearer(token))

    if says is None:  # a good token, so that this test cannot pass because nothing is let in
        assert answer.status_code == 200
        return
    problem = refused(answer, 401, "invalid_token")
    assert says in problem["detail"]
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert token not in answer.text


@pytest.mark.parametrize("seconds", [-20, 20])
def test_clocks_may_differ_a_little(client: TestClient, issuer: Issuer, seconds: int) -> None:
    now = int(time.time())
    moments: dict[str, Any] = (
        {"exp": now - 20} if seconds < 0 else {"nbf": now + 20, "iat": now + 20}
    )

    assert ask(client, issuer.token("read", **moments)) == 200


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS512", rsa_key()),
        ("PS384", rsa_key()),
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
        ("ES384", ec.generate_private_key(ec.SECP384R1())),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
    ],
)
def test_each_usual_kind_of_key_holds(
    client: TestClient, issuer: Issuer, algorithm: str, key: PrivateKey
) -> None:
    issuer.keys = {"first": rsa_key(), "second": key}

    token = issuer.token("read", kid="second", algorithm=algorithm)

    assert ask(client, token) == 200


@pytest.mark.parametrize(
    ("about", "bits"), [({"use": "enc"}, 2048), ({"alg": "RS384"}, 2048), ({}, 1024)]
)
def test_a_published_key_that_is_not_for_this_is_not_used(
    client: TestClient, issuer: Issuer, about: dict[str, str], bits: int
) -> None:
    """For encryption, for another algorithm, or too short."""
    issuer.keys = {"first": rsa_key(bits)}
    issuer.about_keys = about

    refused(client.get("/v1/jobs", headers=bearer(issuer.token("read"))), 401, "invalid_token")


def test_a_key_without_a_name_is_used_if_there_is_no_choice(
    client: TestClient, issuer: Issuer
) -> None:
    ask_again_soon(client)
    assert ask(client, issuer.token("read", kid=None)) == 200

    issuer.keys = {"first": issuer.keys["first"], "second": rsa_key()}
    client.app.state.gateway.issuer._fetched_at -= 1000  # type: ignore[attr-defined]  # the application's state is untyped

    assert ask(client, issuer.token("read", kid=None)) == 401
    assert ask(client, issuer.token("read", kid="second")) == 200


def test_a_new_key_is_fetched_when_a_token_names_it(client: TestClient, issuer: Issuer) -> None:
    ask_again_soon(client)
    before = issuer.token("read")
    assert ask(client, before) == 200

    issuer.keys = {"second": rsa_key()}

    assert ask(client, issuer.token("read", kid="second")) == 200
    refused(client.get("/v1/jobs", headers=bearer(before)), 401, "invalid_token")


def test_made_up_names_of_keys_do_not_flood_the_issuer(client: TestClient, issuer: Issuer) -> None:
    ask(client, issuer.token("read"))
    fetches = issuer.fetches

    statuses = {
        ask(client, issuer.token("read", header={"kid": f"made-up-{n}"})) for n in range(20)
    }

    assert statuses == {401}
    assert issuer.fetches == fetches
    assert ask(client, issuer.token("read")) == 200


def test_keys_are_fetched_once_and_again_when_they_are_old(
    client: TestClient, issuer: Issuer
) -> None:
    for _ in range(10):
        assert ask(client, issuer.token("read")) == 200
    assert issuer.fetches == 2  # about itself, and its keys

    held = client.app.state.gateway.issuer  # type: ignore[attr-defined]  # the application's state is untyped
    held._fetched_at -= 301
    held._asked_at -= 301

    assert ask(client, issuer.token("read")) == 200
    assert issuer.fetches == 4


def _break_off(issuer: Issuer) -> None:
    issuer.said_keys_url = "http://127.0.0.1:1/keys"


def _say_nothing(issuer: Issuer) -> None:
    issuer.answering.clear()


def _be_ill(issuer: Issuer) -> None:
    issuer.status = 500


def _be_another(issuer: Issuer) -> None:
    issuer.said_issuer = "https://other.example"


def _talk_at_length(issuer: Issuer) -> None:
    issuer.said_keys_url = f"{issuer.url}/keys"
    issuer.about_keys = {"x5c": "x" * 600_000}


def _redirect(issuer: Issuer) -> None:
    issuer.status = 302


@pytest.mark.parametrize(
    "away", [_break_off, _say_nothing, _be_ill, _be_another, _talk_at_length, _redirect]
)
def test_while_the_issuer_is_away_keys_hold_and_nothing_hangs(
    client: TestClient, issuer: Issuer, database: Database, away: Callable[[Issuer], None]
) -> None:
    key = create_key(database, "ward 3", scopes=[Scope.READ]).text
    away(issuer)
    started = time.monotonic()

    first = client.get("/v1/jobs", headers=bearer(issuer.token("read")))
    waited_s = time.monotonic() - started
    again = client.get("/v1/jobs", headers=bearer(issuer.token("read")))
    waited_again_s = time.monotonic() - started - waited_s

    for answer in (first, again):
        refused(answer, 503, "issuer_unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
    # The promises: an answer within the time that a fetch may take, and then no waiting at all.
    assert waited_s < 3 + 2
    assert waited_again_s < 2
    assert ask(client, key) == 200


def test_keys_that_are_known_outlive_an_outage_for_an_hour(
    client: TestClient, issuer: Issuer
) -> None:
    ask_again_soon(client)
    assert ask(client, issuer.token("read")) == 200
    issuer.status = 500
    held = client.app.state.gateway.issuer  # type: ignore[attr-defined]  # the application's state is untyped

    held._fetched_at -= 3000
    assert ask(client, issuer.token("read")) == 200

    held._fetched_at -= 601
    refused(client.get("/v1/jobs", headers=bearer(issuer.token("read"))), 503, "issuer_unavailable")

    issuer.status = 200
    assert ask(client, issuer.token("read")) == 200


def test_a_waiting_request_is_refused_when_its_token_ends(
    client: TestClient, issuer: Issuer
) -> None:
    links = submit(client, issuer.token(*EVERYTHING))["links"]
    soon = issuer.token("read", exp=int(time.time()) - 28)  # 30 s of tolerance, 2 s to go

    answer = client.get(links["self"], params={"wait": 4}, headers=bearer(soon))

    refused(answer, 401, "invalid_token")


@pytest.mark.parametrize(
    ("claim", "claims"),
    [
        ("scope", {"scope": "openid pneumocam:read profile"}),
        ("roles", {"roles": ["pneumocam:read", "other"]}),
        ("realm_access.roles", {"realm_access": {"roles": ["pneumocam:read"]}}),
        ("https://hospital.example/roles", {"https://hospital.example/roles": ["pneumocam:read"]}),
    ],
)
def test_what_may_be_done_is_in_the_claim_that_is_named(
    settings: ApiSettings, issuer: Issuer, claim: str, claims: dict[str, object]
) -> None:
    named = settings.model_copy(update={"oidc_scope_claim": claim})
    with TestClient(create_app(named)) as client:
        token = issuer.token(**{"scope": "pneumocam:erase", **claims})  # type: ignore[arg-type]  # made of parameters
        said = client.get("/v1/session", headers=bearer(token)).json()

    assert said["scopes"] == ["read"]


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": "read"},
        {"scope": "pneumocam:reader pneumocam:"},
        {"scope": "PNEUMOCAM:READ"},
        {"scope": 7},
        {"scope": {"pneumocam:read": True}},
        {"scope": None},
    ],
)
def test_what_is_not_said_exactly_allows_nothing(
    client: TestClient, issuer: Issuer, claims: dict[str, object]
) -> None:
    token = issuer.token(**claims)  # type: ignore[arg-type]  # made of parameters

    refused(client.get("/v1/jobs", headers=bearer(token)), 403, "missing_scope")


def test_with_an_issuer_this_machine_needs_a_key_or_token_too(client: TestClient) -> None:
    refused(client.get("/v1/jobs"), 401, "key_required")


def test_a_token_is_only_looked_at_in_its_header(client: TestClient, issuer: Issuer) -> None:
    token = issuer.token("read")

    refused(client.get("/v1/jobs", params={"access_token": token}), 401, "key_required")
    client.cookies.set(COOKIE, token)
    refused(client.get("/v1/jobs"), 401, "key_required")
    refused(client.post("/v1/session", json={"key": token}), 400, "malformed_request")


def test_without_an_issuer_no_token_holds(
    settings: ApiSettings, issuer: Issuer, database: Database
) -> None:
    alone = settings.model_copy(update={"oidc_issuer": ""})
    with TestClient(create_app(alone)) as client:
        create_key(database, "ward 3")
        answer = client.get("/v1/jobs", headers=bearer(issuer.token("read")))

    refused(answer, 401, "invalid_key")
    assert issuer.fetches == 0


def test_a_page_of_another_site_cannot_use_a_token_that_a_proxy_adds(
    client: TestClient, issuer: Issuer
) -> None:
    """A proxy adds the token to all that a browser sends, also for other sites."""
    files = [("files", ("a.png", film()))]
    token = bearer(issuer.token(*EVERYTHING))

    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        answer = client.post("/v1/jobs", files=files, headers={**token, **headers})
        refused(answer, 403, "cross_site")
    own = {**token, "Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/jobs", files=files, headers=own).status_code == 202


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"oidc_issuer": "http://sso.example", "oidc_audience": "x"}, "https://"),
        ({"oidc_issuer": "sso.example", "oidc_audience": "x"}, "https://"),
        ({"oidc_issuer": "https://sso.example"}, "must be set"),
    ],
)
def test_an_issuer_that_could_be_impersonated_is_not_taken(
    values: dict[str, str], names: str
) -> None:
    with pytest.raises(ValidationError, match=names):
        ApiSettings(**values)  # type: ignore[arg-type]  # made of parameters


def test_an_issuer_behind_tls_needs_a_certificate_that_this_machine_trusts(
    settings: ApiSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = certificate(tmp_path)
    with serving_issuer(trusted) as issuer:
        safe = settings.model_copy(update={"oidc_issuer": issuer.url})
        with TestClient(create_app(safe)) as client:
            ask_again_soon(client)
            assert ask(client, issuer.token("read")) == 503

            monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
            assert ask(client, issuer.token("read")) == 200


def test_a_safe_issuer_may_not_send_us_to_unsafe_keys(
    settings: ApiSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, issuer: Issuer
) -> None:
    """An attacker who can change unprotected traffic could sign tokens."""
    trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with serving_issuer(trusted) as safe:
        safe.keys = issuer.keys
        safe.said_keys_url = f"{issuer.url}/keys"
        named = settings.model_copy(update={"oidc_issuer": safe.url})
        with TestClient(create_app(named)) as client:
            assert ask(client, safe.token("read")) == 503

    assert issuer.fetches == 0


def test_a_port_where_nobody_listens_is_away_at_once(settings: ApiSettings) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    away = settings.model_copy(update={"oidc_issuer": address})
    with TestClient(create_app(away)) as client, serving_issuer() as other:
        answer = client.get("/v1/jobs", headers=bearer(other.token("read", iss=address)))

    refused(answer, 503, "issuer_unavailable")
