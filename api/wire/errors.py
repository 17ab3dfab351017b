"""The gateway's refusals, each of which is answered as one stable problem (RFC 9457)."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from api.wire.codes import ProblemCode
from api.wire.schemas import ProblemError


class ApiError(Exception):
    """Base class: an HTTP status, a stable code, a title, and a sentence for people."""

    status = 500
    code = ProblemCode.INTERNAL_ERROR
    title = "Internal error"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        detail: str,
        errors: Sequence[ProblemError] = (),
        *,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        if retry_after_s is not None:
            self.headers = {**self.headers, "Retry-After": str(retry_after_s)}


class MalformedRequest(ApiError):
    """The request cannot be parsed."""

    status = 400
    code = ProblemCode.MALFORMED_REQUEST
    title = "Malformed request"


class KeyRequired(ApiError):
    """The request carries no credentials and needs them."""

    status = 401
    code = ProblemCode.KEY_REQUIRED
    title = "API key required"
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})


class InvalidKey(ApiError):
    """The key is unknown, revoked or expired; the answer does not tell which."""

    status = 401
    code = ProblemCode.INVALID_KEY
    title = "Invalid API key"
    headers = MappingProxyType({"WWW-Authenticate": 'Bearer error="invalid_token"'})


class InvalidToken(ApiError):
    """The single sign-on token is invalid. The answer tells why, since a token holds no secret."""

    status = 401
    code = ProblemCode.INVALID_TOKEN
    title = "Invalid token"
    headers = MappingProxyType({"WWW-Authenticate": 'Bearer error="invalid_token"'})


class IssuerUnavailable(ApiError):
    """The token issuer does not answer, so that no token can be verified."""

    status = 503
    code = ProblemCode.ISSUER_UNAVAILABLE
    title = "Token issuer unavailable"
    headers = MappingProxyType({"Retry-After": "10"})


class MissingScope(ApiError):
    """The credentials are valid and lack the scope."""

    status = 403
    code = ProblemCode.MISSING_SCOPE
    title = "Missing scope"


class CrossSite(ApiError):
    """A page of another site made a browser send this request."""

    status = 403
    code = ProblemCode.CROSS_SITE
    title = "Cross-site request refused"


class UnknownResource(ApiError):
    """The address leads nowhere, or the caller may not see what is there."""

    status = 404
    code = ProblemCode.NOT_FOUND
    title = "Not found"


class MethodNotAllowed(ApiError):
    """The address exists and does not support this method."""

    status = 405
    code = ProblemCode.METHOD_NOT_ALLOWED
    title = "Method not allowed"

    def __init__(self, methods: Collection[str]) -> None:
        allowed = ", ".join(sorted(methods))
        super().__init__(f"This address supports: {allowed}.")
        self.headers = {"Allow": allowed}


class RequestTimeout(ApiError):
    """The request's headers or body did not arrive in time."""

    status = 408
    code = ProblemCode.REQUEST_TIMEOUT
    title = "Request timeout"


class NothingToJudge(ApiError):
    """The item has no result to agree or disagree with."""

    status = 409
    code = ProblemCode.NO_RESULT
    title = "No result"


class ErasedResource(ApiError):
    """The resource existed and has been erased."""

    status = 410
    code = ProblemCode.ERASED
    title = "Erased"


class TooLarge(ApiError):
    """A file, or the whole request, exceeds a size limit."""

    status = 413
    code = ProblemCode.TOO_LARGE
    title = "Too large"


class UnsupportedMediaType(ApiError):
    """None of the files is an image, by its bytes."""

    status = 415
    code = ProblemCode.UNSUPPORTED_MEDIA_TYPE
    title = "Not an image"


class UnsupportedBody(UnsupportedMediaType):
    """The body's Content-Type is not one that is read here."""

    title = "Unsupported media type"


class MisdirectedRequest(ApiError):
    """The request is for a host that this service does not serve."""

    status = 421
    code = ProblemCode.MISDIRECTED_REQUEST
    title = "Unknown host"


class InvalidRequest(ApiError):
    """The request is well formed and has values that cannot be used."""

    status = 422
    code = ProblemCode.INVALID_REQUEST
    title = "Invalid request"


class TooManyRequests(ApiError):
    """The key has exceeded its requests per minute."""

    status = 429
    code = ProblemCode.TOO_MANY_REQUESTS
    title = "Too many requests"
    headers = MappingProxyType({"Retry-After": "1"})


class QuotaReached(ApiError):
    """The key has as many open items as it may."""

    status = 429
    code = ProblemCode.QUOTA_REACHED
    title = "Quota of open films reached"
    headers = MappingProxyType({"Retry-After": "5"})


class HeadersTooLarge(ApiError):
    """The request's address and headers exceed the size limit."""

    status = 431
    code = ProblemCode.HEADERS_TOO_LARGE
    title = "Headers too large"


class BacklogFull(ApiError):
    """The service has as many open items as it accepts."""

    status = 503
    code = ProblemCode.BACKLOG_FULL
    title = "Backlog full"
    headers = MappingProxyType({"Retry-After": "5"})


class TooManyWaiting(ApiError):
    """As many requests are held open as the service allows."""

    status = 503
    code = ProblemCode.TOO_MANY_WAITING
    title = "Too many requests held open"
    headers = MappingProxyType({"Retry-After": "5"})


class TooManyConnections(ApiError):
    """As many connections are open as the service allows."""

    status = 503
    code = ProblemCode.TOO_MANY_CONNECTIONS
    title = "Too many connections"
    headers = MappingProxyType({"Retry-After": "5", "Connection": "close"})


class ServiceUnavailable(ApiError):
    """A part that the request needs is unavailable; the same request may succeed later."""

    status = 503
    code = ProblemCode.UNAVAILABLE
    title = "Service unavailable"
    headers = MappingProxyType({"Retry-After": "5"})
