"""Every error leaves as application/problem+json, with the request's id and no trace."""

from collections.abc import Callable
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from api.errors import (
    ApiError,
    ErasedResource,
    InvalidRequest,
    KeyRequired,
    MalformedRequest,
    MissingScope,
    ServiceUnavailable,
    UnknownResource,
)
from api.schemas import Problem
from jobs.errors import (
    ArtifactNotFound,
    IdempotencyKeyReused,
    InvalidCursor,
    JobErased,
    JobNotFound,
    StoreUnavailable,
)

MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger()


def problem_response(request: Request, error: ApiError) -> JSONResponse:
    """An error as RFC 9457 has it."""
    problem = Problem(
        type=f"urn:pneumocam:problem:{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        request_id=request.state.request_id,
        errors=error.errors,
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=error.status,
        headers=dict(error.headers),
        media_type=MEDIA_TYPE,
    )


def documented(*refusals: type[ApiError]) -> dict[int | str, dict[str, Any]]:
    """The responses of a route that refuses in these ways, for the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        refusal.status: {
            "description": refusal.title,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for refusal in refusals
    }


#: What every route about a job may answer.
RESPONSES = documented(
    MalformedRequest,
    KeyRequired,
    MissingScope,
    UnknownResource,
    ErasedResource,
    InvalidRequest,
    ServiceUnavailable,
)


def install(app: FastAPI) -> None:
    """Turn what the packages below raise into problems."""
    for kind, describe in _DESCRIPTIONS.items():
        app.add_exception_handler(kind, _handler(describe))


def _handler(describe: Callable[[Any], ApiError]) -> Callable[[Request, Exception], JSONResponse]:
    def handle(request: Request, error: Exception) -> JSONResponse:
        return problem_response(request, describe(error))

    return handle


def _invalid_cursor(_: InvalidCursor) -> ApiError:
    return InvalidRequest(
        "The cursor is not one that this service gave for this query.",
        [{"code": "invalid_cursor", "detail": "Start again without it.", "field": "cursor"}],
    )


def _key_reused(_: IdempotencyKeyReused) -> ApiError:
    return InvalidRequest(
        "Something else was sent under this idempotency key.",
        [
            {
                "code": "idempotency_key_reused",
                "detail": "Use a new key for each submission.",
                "field": "Idempotency-Key",
            }
        ],
    )


def _store_away(error: StoreUnavailable) -> ApiError:
    log.error("store_unavailable", reason=error.reason)
    return ServiceUnavailable(f"The artifact store is unavailable: {error.reason}.")


def _database_away(error: OperationalError) -> ApiError:
    # The driver's text can hold values of the statement, so only its class is told.
    log.error("database_unavailable", error=type(error.orig).__name__)
    return ServiceUnavailable("The database is unavailable.")


def _invalid(error: RequestValidationError) -> ApiError:
    errors = [
        {
            "code": one["type"],
            "detail": one["msg"],
            "field": ".".join(str(part) for part in one["loc"][1:]),
        }
        for one in error.errors()
    ]
    return InvalidRequest("Some of the request's values cannot be used.", errors)


def _broke(error: Exception) -> ApiError:
    log.error("request_broke", exc_info=error)
    return ApiError("The request could not be served. It has been logged.")


def _from_status(error: HTTPException) -> ApiError:
    """The framework's own refusals, in our words."""
    match error.status_code:
        case 404:
            return UnknownResource("There is nothing at this address.")
        case 400:
            return MalformedRequest(str(error.detail))
        case status:
            refusal = ApiError(str(error.detail))
            refusal.status = status
            refusal.code = f"http_{status}"
            refusal.title = str(error.detail)
            refusal.headers = dict(error.headers or {})
            return refusal


_DESCRIPTIONS: dict[type[Exception], Callable[[Any], ApiError]] = {
    ApiError: lambda error: error,
    JobNotFound: lambda _: UnknownResource("There is no such job or item."),
    JobErased: lambda _: ErasedResource("This job has been erased."),
    ArtifactNotFound: lambda _: UnknownResource("This item has no such artifact."),
    InvalidCursor: _invalid_cursor,
    IdempotencyKeyReused: _key_reused,
    StoreUnavailable: _store_away,
    OperationalError: _database_away,
    RequestValidationError: _invalid,
    HTTPException: _from_status,
    Exception: _broke,
}
