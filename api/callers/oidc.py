"""Single sign-on tokens, accepted beside API keys: signed by one issuer, for this service.

Discovery and keys by OpenID Connect (https://openid.net/specs/openid-connect-discovery-1_0.html),
checks by the best practice for JSON Web Tokens (RFC 8725).
"""

import hashlib
import ssl
import time
from collections.abc import Iterable
from typing import Any

import anyio
import httpx
import jwt
import structlog

from api.wire.errors import InvalidToken, IssuerUnavailable
from jobs.identity.keys import Caller
from jobs.states import Scope

log = structlog.get_logger()

#: Signatures with a key pair only: never `none`, and never HS256, for which the issuer's public
#: key would be the secret.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)

#: Accepted values of a token's `typ` (RFC 9068 and before): a logout token is signed as well.
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})

#: Tolerated difference between the clocks of the issuer and of this machine.
_LEEWAY_S = 30

#: Age at which keys are fetched again, so that a withdrawn one becomes invalid.
_FRESH_S = 300.0
#: Age up to which keys are used while the issuer does not answer.
_KEPT_S = 3600.0

#: Deadline of both documents together, and the largest size of each.
_FETCH_TIMEOUT_S = 3.0
_MAX_DOCUMENT_BYTES = 512 * 1024

#: Prefix of a pseudonym, and the number of hexadecimal digits that follow it: 128 bits.
_PREFIX = "oidc-"
_DIGITS = 32

#: Prefix of the scope claim's values that are meant for this service.
_SCOPE_PREFIX = "pneumocam:"


def pseudonym(issuer: str, subject: str) -> str:
    """Return the owner of a token subject's jobs, as the database and the logs have it.

    It is stable and can be computed from the subject, but not reversed.
    """
    digest = hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest()
    return _PREFIX + digest[:_DIGITS]


class TokenIssuer:
    """The issuer whose tokens are accepted. Use it on the event loop only."""

    def __init__(
        self, issuer: str, *, audience: str, scope_claim: str, refetch_after_s: float = 10.0
    ) -> None:
        """Configure the issuer; its keys are fetched with the first token.

        Args:
            issuer: URL of the issuer, exactly as in the tokens.
            audience: Name of this service in the tokens.
            scope_claim: Name of the claim that holds the subject's scopes.
            refetch_after_s: Shortest time between two fetches, however many unknown keys tokens
                name and however often the issuer does not answer.
        """
        self._issuer = issuer
        self._audience = audience
        self._scope_claim = scope_claim
        self._refetch_after_s = refetch_after_s
        self._keys: list[jwt.PyJWK] = []
        self._fetched_at = self._asked_at = float("-inf")
        self._answered = False
        self._fetching = anyio.Lock()

    async def check(self, token: str) -> Caller:
        """Return the caller of a token.

        Raises:
            InvalidToken: The token is not signed by the issuer, not for this service, or not valid
                now.
            IssuerUnavailable: The token cannot be verified, because the issuer does not answer.
        """
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            raise InvalidToken("The token cannot be read.") from None
        if header.get("alg") not in ALGORITHMS:
            raise InvalidToken("The token's signature algorithm is not accepted.")
        if str(header.get("typ", "jwt")).lower() not in _TYPES:
            raise InvalidToken("The token is not an access token.")
        claims = self._claims(token, await self._find_key(header))
        return Caller(
            owner=pseudonym(self._issuer, claims["sub"]),
            name=None,
            scopes=_scopes(claims, self._scope_claim),
        )

    def _claims(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_S,
                options={
                    "require": ["exp", "iss", "aud", "sub"],
                    "enforce_minimum_key_length": True,
                },
            )
        except jwt.ExpiredSignatureError:
            raise InvalidToken("The token has expired.") from None
        except jwt.ImmatureSignatureError:
            raise InvalidToken("The token is not valid yet.") from None
        except jwt.InvalidAudienceError:
            raise InvalidToken("The token is for another service.") from None
        except jwt.InvalidIssuerError:
            raise InvalidToken("The token is from another issuer.") from None
        except jwt.MissingRequiredClaimError as missing:
            raise InvalidToken(f"The token has no claim `{missing.claim}`.") from None
        except jwt.InvalidSignatureError:
            raise InvalidToken("The token's signature is invalid.") from None
        except jwt.PyJWTError:
            raise InvalidToken("The token is not usable.") from None
        return claims

    async def _find_key(self, header: dict[str, Any]) -> jwt.PyJWK:
        """Return the issuer's key that a token names, and fetch keys if needed."""
        now = time.monotonic()
        key = self._known_key(header) if now - self._fetched_at < _KEPT_S else None
        is_fresh = key is not None and now - self._fetched_at < _FRESH_S
        # A request with a key that may still be used does not wait for a fetch in progress.
        if not is_fresh and not (key is not None and self._fetching.locked()):
            async with self._fetching:
                if time.monotonic() - self._asked_at >= self._refetch_after_s:
                    await self._fetch()
            is_known = time.monotonic() - self._fetched_at < _KEPT_S
            key = self._known_key(header) if is_known else None
        if key is not None:
            return key
        if not self._answered:
            raise IssuerUnavailable(
                "The token issuer does not answer. API keys are still accepted."
            )
        raise InvalidToken("The token is signed with a key that the issuer does not publish.")

    def _known_key(self, header: dict[str, Any]) -> jwt.PyJWK | None:
        fitting = [key for key in self._keys if key.algorithm_name == header["alg"]]
        if "kid" in header:
            fitting = [key for key in fitting if key.key_id == header["kid"]]
        # A token without a key id is accepted only if a single key fits.
        return fitting[0] if len(fitting) == 1 else None

    async def _fetch(self) -> None:
        """Fetch the issuer's keys; the earlier ones stay if it does not answer."""
        self._asked_at = time.monotonic()
        try:
            with anyio.fail_after(_FETCH_TIMEOUT_S):
                async with httpx.AsyncClient(verify=ssl.create_default_context()) as client:
                    self._keys = await self._fetch_keys(client)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, OSError) as exc:
            log.warning("issuer_unavailable", error=type(exc).__name__)
            self._answered = False
        else:
            self._fetched_at = time.monotonic()
            self._answered = True

    async def _fetch_keys(self, client: httpx.AsyncClient) -> list[jwt.PyJWK]:
        """Return the keys that the issuer publishes now.

        Raises:
            ValueError: A document is malformed or another issuer's.
        """
        base = self._issuer.rstrip("/")
        about = await _get_json(client, f"{base}/.well-known/openid-configuration")
        if about.get("issuer") != self._issuer:
            raise ValueError("the document names another issuer")
        keys_url = str(about.get("jwks_uri"))
        if base.startswith("https://") and not keys_url.startswith("https://"):
            raise ValueError("the address of the keys is not https")
        keys = (await _get_json(client, keys_url)).get("keys")
        if not isinstance(keys, list):
            raise ValueError("there is no list of keys")  # noqa: TRY004 - of a document, not ours
        return [key for one in keys for key in _usable(one)]


async def _get_json(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    body = b""
    async with client.stream("GET", url) as answer:
        answer.raise_for_status()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > _MAX_DOCUMENT_BYTES:
                raise ValueError("the document is too long")
    document = httpx.Response(200, content=body).json()
    if not isinstance(document, dict):
        raise ValueError("the document is no object")  # noqa: TRY004 - of a document, not ours
    return document


def _usable(key: Any) -> Iterable[jwt.PyJWK]:  # Any: JSON of another service
    """Yield a published key once for each algorithm that it can be used with."""
    if not isinstance(key, dict) or key.get("use", "sig") != "sig":
        return
    for algorithm in ALGORITHMS:
        if key.get("alg", algorithm) == algorithm:
            try:
                yield jwt.PyJWK(key, algorithm)
            except jwt.PyJWTError:
                continue  # a key of another type; most keys that name no algorithm fit a few only


def _scopes(claims: dict[str, Any], name: str) -> frozenset[Scope]:
    """Return the scopes in the scope claim (`pneumocam:read`, …), a text or a list.

    A claim name with dots is looked up as it stands, then as a path (`realm_access.roles`).
    """
    value: Any = claims.get(name)
    if value is None:
        value = claims
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list):
        return frozenset()
    return frozenset(scope for scope in Scope if _SCOPE_PREFIX + scope in words)
