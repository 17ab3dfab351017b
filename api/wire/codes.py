"""The codes of problems: a closed set, each member written here and nowhere else.

Codes of callback URLs are in `jobs.errors`, because webhook deliveries have them too, and codes of
refused files in `jobs.results`, because items have them too.
"""

from enum import StrEnum


class ProblemCode(StrEnum):
    """The kind of a problem, or of one entry of its `errors`."""

    # Of the request as a whole, by HTTP status: the end of the problem's `type`.
    MALFORMED_REQUEST = "malformed_request"
    KEY_REQUIRED = "key_required"
    INVALID_KEY = "invalid_key"
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - a code, no password
    MISSING_SCOPE = "missing_scope"
    CROSS_SITE = "cross_site"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TIMEOUT = "request_timeout"
    NO_RESULT = "no_result"
    ERASED = "erased"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    MISDIRECTED_REQUEST = "misdirected_request"
    INVALID_REQUEST = "invalid_request"
    TOO_MANY_REQUESTS = "too_many_requests"
    QUOTA_REACHED = "quota_reached"
    HEADERS_TOO_LARGE = "headers_too_large"
    INTERNAL_ERROR = "internal_error"
    BACKLOG_FULL = "backlog_full"
    TOO_MANY_WAITING = "too_many_waiting"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    ISSUER_UNAVAILABLE = "issuer_unavailable"
    UNAVAILABLE = "unavailable"

    # Of one field.
    NO_FILES = "no_files"
    UNKNOWN_PRIORITY = "unknown_priority"
    UNKNOWN_PHOTOMETRIC = "unknown_photometric"
    INVALID_REFERENCE = "invalid_reference"
    INVALID_CURSOR = "invalid_cursor"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"

    # Of one file.
    FILE_TOO_LARGE = "file_too_large"
    UNSAFE_ARCHIVE = "unsafe_archive"
    ARCHIVE_TOO_LARGE = "archive_too_large"


#: Prefix of every problem's `type`; the code follows.
TYPE_PREFIX = "urn:pneumocam:problem:"
