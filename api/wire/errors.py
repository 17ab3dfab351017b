"""What the gateway refuses, each as one stable problem (RFC 9457)."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any


class ApiError(Exception):
    """Base class: an HTTP status, a stable code, a title, and a sentence."""

    status = 500
    code = "internal_error"
    title = "Something broke on our side"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        detail: str,
        errors: list[dict[str, Any]] | None = None,
        *,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []
        if retry_after_s is not None:
            self.headers = {**self.headers, "Retry-After": str(retry_after_s)}


class MalformedRequest(ApiError):
    """The request cannot be taken apart."""

    status = 400
    code = "malformed_request"
    title = "The request is malformed"


class KeyRequired(ApiError):
    """The request does not say whose it is, and must."""

    status = 401
    code = "key_required"
    title = "A key is required"
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})


class InvalidKey(ApiError):
    """The key is unknown, revoked or expired; which of them is not told."""

    status = 401
    code = "invalid_key"
    title = "The key does not hold"
    headers = MappingProxyType({"WWW-Authenticate": 'Bearer error="invalid_token"'})


class InvalidToken(ApiError):
    """The token of single sign-on does not hold; why is told, for no secret is in it."""

    status = 401
    code = "invalid_token"
    title = "The token does not hold"
    headers = MappingProxyType({"WWW-Authenticate": 'Bearer error="invalid_token"'})


class IssuerUnavailable(ApiError):
    """The issuer of tokens does not answer, so that none can be looked at."""

    status = 503
    code = "issuer_unavailable"
    title = "Tokens cannot be checked at present"
    headers = MappingProxyType({"Retry-After": "10"})


class MissingScope(ApiError):
    """The key holds, and may not do this."""

    status = 403
    code = "missing_scope"
    title = "The key may not do this"


class CrossSite(ApiError):
    """A page of another site made a browser send this."""

    status = 403
    code = "cross_site"
    title = "Sent from another site"


class UnknownResource(ApiError):
    """There is nothing here, or it is not the caller's to see."""

    status = 404
    code = "not_found"
    title = "Not found"


class MethodNotAllowed(ApiError):
    """There is something here, and it has other methods."""

    status = 405
    code = "method_not_allowed"
    title = "Not with this method"

    def __init__(self, methods: Collection[str]) -> None:
        allowed = ", ".join(sorted(methods))
        super().__init__(f"This address has: {allowed}.")
        self.headers = {"Allow": allowed}


class RequestTimeout(ApiError):
    """The request, or the rest of it, did not arrive in time."""

    status = 408
    code = "request_timeout"
    title = "The request came too slowly"


class NothingToJudge(ApiError):
    """The film has no result that one could agree with."""

    status = 409
    code = "no_result"
    title = "No result"


class ErasedResource(ApiError):
    """There was something here, and it has been erased."""

    status = 410
    code = "erased"
    title = "Erased"


class TooLarge(ApiError):
    """A file, or the request, is larger than this service takes."""

    status = 413
    code = "too_large"
    title = "Too large"


class UnsupportedMediaType(ApiError):
    """Not one of the files is an image, by its bytes."""

    status = 415
    code = "unsupported_media_type"
    title = "Not an image"


class MisdirectedRequest(ApiError):
    """The request is for a host that this service does not answer for."""

    status = 421
    code = "misdirected_request"
    title = "Not a host of this service"


class InvalidRequest(ApiError):
    """The request is well formed, and asks for something that cannot be."""

    status = 422
    code = "invalid_request"
    title = "The request is invalid"


class TooManyRequests(ApiError):
    """The key has sent more requests within a minute than it may."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"
    headers = MappingProxyType({"Retry-After": "1"})


class QuotaReached(ApiError):
    """As many films of the key are open as may be."""

    status = 429
    code = "quota_reached"
    title = "Too many films of this key are open"
    headers = MappingProxyType({"Retry-After": "5"})


class HeadersTooLarge(ApiError):
    """The request's address and headers are larger than this service takes."""

    status = 431
    code = "headers_too_large"
    title = "The headers are too large"


class BacklogFull(ApiError):
    """The service has as many open films as it takes on."""

    status = 503
    code = "backlog_full"
    title = "Too many films are waiting"
    headers = MappingProxyType({"Retry-After": "5"})


class TooManyWaiting(ApiError):
    """As many requests are held open as may be."""

    status = 503
    code = "too_many_waiting"
    title = "Too many requests are waiting"
    headers = MappingProxyType({"Retry-After": "5"})


class TooManyConnections(ApiError):
    """As many connections are open as may be."""

    status = 503
    code = "too_many_connections"
    title = "Too many connections"
    headers = MappingProxyType({"Retry-After": "5", "Connection": "close"})


class ServiceUnavailable(ApiError):
    """Something the service needs is away; the same request may succeed later."""

    status = 503
    code = "unavailable"
    title = "Not available at present"
    headers = MappingProxyType({"Retry-After": "5"})
