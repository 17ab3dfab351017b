"""JSON request bodies, read after authentication and within a limit.

The framework would read a body before it authenticates the caller, so routes read these themselves.
"""

from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from api.wire.errors import MalformedRequest, TooLarge

T = TypeVar("T", bound=BaseModel)


async def read_bytes(request: Request, *, max_bytes: int) -> bytes:
    """Return the body of a request whose Content-Type is JSON.

    Raises:
        MalformedRequest: The Content-Type is another one.
        TooLarge: The body is longer than `max_bytes`.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # A page of another site can send a form without a CORS preflight, but not this type.
    if media_type != "application/json":
        raise MalformedRequest("The body must be application/json.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise TooLarge(f"The body may have {max_bytes} bytes.")
    return body


async def read_json(request: Request, kind: type[T], *, max_bytes: int) -> T:
    """Return the request's body as a model.

    Args:
        request: Request whose body has not been read.
        kind: Class of the model.
        max_bytes: Largest body.

    Raises:
        MalformedRequest: The body is not JSON, or its Content-Type is another one.
        TooLarge: The body is longer than `max_bytes`.
        RequestValidationError: The JSON does not fit the model.
    """
    body = await read_bytes(request, max_bytes=max_bytes)
    try:
        return kind.model_validate_json(body)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_context=False, include_input=False)
    if any(error["type"] == "json_invalid" for error in errors):
        raise MalformedRequest("The body is not JSON.")
    raise RequestValidationError(
        [{**error, "loc": ("body", *_ours(error["loc"], error["type"]))} for error in errors]
    )


def _ours(place: tuple[int | str, ...], error: str) -> tuple[int | str, ...]:
    """Return the path of a value, without a name that the client made up."""
    return place[:-1] if error == "extra_forbidden" else place


def json_body(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI description of a body that is read by `read_json`.

    The enums in it must be in the document already, as parameters or in answers.
    """
    schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
