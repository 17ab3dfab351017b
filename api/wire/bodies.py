"""JSON in the body of a request, read after the key was looked at and within a limit.

The framework reads the bodies that it checks before it asks who sends them; these are read by the
route itself.
"""

from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from api.wire.errors import MalformedRequest, TooLarge

T = TypeVar("T", bound=BaseModel)


async def read_bytes(request: Request, *, max_bytes: int) -> bytes:
    """The request's body, which says that it is JSON.

    Raises:
        MalformedRequest: It does not.
        TooLarge: It is longer than that.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # A page of another site can send a form, and not this type, without being asked first.
    if media_type != "application/json":
        raise MalformedRequest("The body must be application/json.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise TooLarge(f"This body may have {max_bytes} bytes.")
    return body


async def read_json(request: Request, kind: type[T], *, max_bytes: int) -> T:
    """The request's body as what it should be.

    Args:
        request: Whose body was not read yet.
        kind: What it should be.
        max_bytes: More are not read.

    Raises:
        MalformedRequest: It is not JSON, or does not say that it is.
        TooLarge: It is longer than that.
        RequestValidationError: It is JSON of another form.
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
    """Where an error is, without a name that the client made up."""
    return place[:-1] if error == "extra_forbidden" else place


def json_body(kind: type[BaseModel]) -> dict[str, Any]:
    """What to add to a route's description whose body is read by `read_json`.

    The closed sets in it must be in the document already: as parameters or in answers.
    """
    schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
