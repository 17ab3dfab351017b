"""What the gateway refuses, each as one stable problem (RFC 9457)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


class ApiError(Exception):
    """Base class: an HTTP status, a stable code, a title, and a sentence."""

    status = 500
    code = "internal_error"
    title = "Something broke on our side"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, detail: str, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []


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


class InvalidRequest(ApiError):
    """The request is well formed, and asks for something that cannot be."""

    status = 422
    code = "invalid_request"
    title = "The request is invalid"


class ServiceUnavailable(ApiError):
    """Something the service needs is away; the same request may succeed later."""

    status = 503
    code = "unavailable"
    title = "Not available at present"
    headers = MappingProxyType({"Retry-After": "5"})
