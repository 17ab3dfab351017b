"""Translation of every error to application/problem+json, without a traceback."""

from collections.abc import Callable
from itertools import groupby
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from api.wire.codes import TYPE_PREFIX, ProblemCode
from api.wire.errors import (
    ApiError,
    ErasedResource,
    InvalidKey,
    InvalidRequest,
    InvalidToken,
    IssuerUnavailable,
    KeyRequired,
    MalformedRequest,
    MethodNotAllowed,
    MissingScope,
    NothingToJudge,
    ServiceUnavailable,
    TooManyRequests,
    UnknownResource,
)
from api.wire.request_record import record_of
from api.wire.schemas import Problem, ProblemError
from jobs.errors import (
    ArtifactNotFound,
    IdempotencyKeyReused,
    InvalidCursor,
    JobErased,
    JobNotFound,
    NoResult,
    StoreUnavailable,
)

MEDIA_TYPE = "application/problem+json"

#: Beginning of the addresses of the DICOM web services.
DICOM_WEB_PREFIX = "/dicom-web/"

log = structlog.get_logger()


def make_problem(error: ApiError, request_id: str) -> dict[str, Any]:
    """Return an error as a problem document (RFC 9457)."""
    problem = Problem(
        type=f"{TYPE_PREFIX}{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        request_id=request_id,
        errors=error.errors,
    )
    return problem.model_dump(exclude_none=True)


def problem_response(scope: Scope, error: ApiError) -> JSONResponse:
    """Return the answer to a refused request, and note its code in the request's record."""
    record = record_of(scope)
    record.problem_code = error.code
    return JSONResponse(
        make_problem(error, record.request_id),
        status_code=error.status,
        headers=dict(error.headers),
        media_type=MEDIA_TYPE,
    )


_RETRY_AFTER = {
    "description": "Seconds after which to send the same request again.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 120},
}


def documented(*refusals: type[ApiError]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a route with these refusals."""
    schema = {"$ref": "#/components/schemas/Problem"}
    responses: dict[int | str, dict[str, Any]] = {}
    by_status = groupby(sorted(refusals, key=lambda one: one.status), key=lambda one: one.status)
    for status, same in by_status:
        kinds = list(same)
        responses[status] = {
            "description": "; ".join(f"{kind.title} (`{kind.code}`)" for kind in kinds),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        if any("Retry-After" in kind.headers for kind in kinds):
            responses[status]["headers"] = {"Retry-After": _RETRY_AFTER}
    return responses


#: Refusals of every route about a job.
RESPONSES = documented(
    MalformedRequest,
    KeyRequired,
    InvalidKey,
    InvalidToken,
    MissingScope,
    UnknownResource,
    ErasedResource,
    InvalidRequest,
    TooManyRequests,
    ServiceUnavailable,
    IssuerUnavailable,
)


def install(app: FastAPI) -> None:
    """Register the handlers that turn expected errors into problems.

    Unexpected errors are handled by `RequestContext`: the framework would answer them outside it.
    """
    for kind in _DESCRIPTIONS:
        if kind is not Exception:
            app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    refusal = describe(error)
    if refusal.status == 429 and request.url.path.startswith(DICOM_WEB_PREFIX):
        # Archives do not know it: they give up where a 503 makes them try again.
        refusal.status = 503
    return problem_response(request.scope, refusal)


def describe(error: Exception) -> ApiError:
    """Return the refusal that answers an error."""
    kind = next(kind for kind in type(error).__mro__ if kind in _DESCRIPTIONS)
    return _DESCRIPTIONS[kind](error)


def _invalid_cursor(_: InvalidCursor) -> ApiError:
    return InvalidRequest(
        "The cursor was not issued for this query.",
        [
            ProblemError(
                code=ProblemCode.INVALID_CURSOR, detail="Start again without it.", field="cursor"
            )
        ],
    )


def _key_reused(_: IdempotencyKeyReused) -> ApiError:
    return InvalidRequest(
        "The idempotency key belongs to another submission.",
        [
            ProblemError(
                code=ProblemCode.IDEMPOTENCY_KEY_REUSED,
                detail="Use a new key for each submission.",
                field="Idempotency-Key",
            )
        ],
    )


def _store_away(error: StoreUnavailable) -> ApiError:
    log.error("store_unavailable", reason=error.reason)
    return ServiceUnavailable(f"The artifact store is unavailable: {error.reason}.")


def _database_away(error: OperationalError) -> ApiError:
    # The driver's message can contain values of the statement, so only its class is logged.
    log.error("database_unavailable", error=type(error.orig).__name__)
    return ServiceUnavailable("The database is unavailable.")


def _database_busy(_: PoolTimeout) -> ApiError:
    log.error("database_busy")
    return ServiceUnavailable("The database is busy.")


def _invalid(error: RequestValidationError) -> ApiError:
    errors = [
        ProblemError(
            code=one["type"],
            detail=one["msg"],
            field=".".join(str(part) for part in _place(one)),
        )
        for one in error.errors()
    ]
    return InvalidRequest("The request has invalid values.", errors)


def _place(error: Any) -> tuple[str | int, ...]:  # Any: pydantic's, without a public type
    """Return the path of a value, without names that the client made up."""
    place: tuple[str | int, ...] = error["loc"][1:]
    return place[:-1] if error["type"] == "extra_forbidden" else place


def _internal(error: Exception) -> ApiError:
    log.error("request_failed", exc_info=error)
    return ApiError("The request could not be served. It has been logged.")


def _from_status(error: HTTPException) -> ApiError:
    """Translate the refusals of the framework and of the dashboard's static files."""
    match error.status_code:
        case 404:
            return UnknownResource("There is nothing at this address.")
        case 405:
            return MethodNotAllowed({"GET", "HEAD"})  # of static files; routes are asked before
        case 400:
            return MalformedRequest(str(error.detail))
        case _:
            return _internal(error)


_DESCRIPTIONS: dict[type[Exception], Callable[[Any], ApiError]] = {
    ApiError: lambda error: error,
    JobNotFound: lambda _: UnknownResource("There is no such job or item."),
    NoResult: lambda _: NothingToJudge("The film has no result, or none yet."),
    JobErased: lambda _: ErasedResource("This job has been erased."),
    ArtifactNotFound: lambda _: UnknownResource("This item has no such artifact."),
    InvalidCursor: _invalid_cursor,
    IdempotencyKeyReused: _key_reused,
    StoreUnavailable: _store_away,
    OperationalError: _database_away,
    PoolTimeout: _database_busy,
    RequestValidationError: _invalid,
    HTTPException: _from_status,
    ClientDisconnect: lambda _: MalformedRequest(
        "The client disconnected before the request was complete."
    ),
    Exception: _internal,
}
