"""STOW-RS: films stored by archives and routers over HTTP (PS3.18 section 10.5)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from api.access import CallerDep, needs
from api.gateway import Gateway, GatewayDep
from api.middleware.audit_trail import audited
from api.submission.admission import refuse_without_room
from api.submission.instances import ReceivedInstances, receive_instances
from api.wire.dicom_json import JSON, XML, as_json, as_xml, store_response, wants_xml
from api.wire.errors import (
    BacklogFull,
    InvalidKey,
    InvalidToken,
    IssuerUnavailable,
    KeyRequired,
    MalformedRequest,
    MissingScope,
    RequestTimeout,
    ServiceUnavailable,
    TooLarge,
    UnsupportedBody,
)
from api.wire.presenters import job_path
from api.wire.problems import documented
from headers.dicom.identity import FilmIdentity
from headers.uids import UID
from jobs.audit.log import Action
from jobs.identity.keys import Caller
from jobs.states import Scope
from telemetry.tracing import span

router = APIRouter(prefix="/dicom-web", tags=["DICOM web"])

#: The body is read as it arrives and not by the framework, so the form is described here.
_OBJECTS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "DICOM objects, one a part.",
        "content": {
            'multipart/related; type="application/dicom"': {
                "schema": {"type": "string", "format": "binary"}
            },
            "application/dicom": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


def _answers() -> dict[int | str, dict[str, Any]]:
    """Describe the answers that hold a Store Instances Response, and the problems."""
    content = {JSON: {"schema": {"type": "object"}}, XML: {"schema": {"type": "string"}}}
    return {
        200: {"description": "All objects are accepted.", "content": content},
        202: {"description": "Some objects failed.", "content": content},
        409: {"description": "All objects failed.", "content": content},
        **documented(
            MalformedRequest,
            KeyRequired,
            InvalidKey,
            InvalidToken,
            MissingScope,
            RequestTimeout,
            TooLarge,
            UnsupportedBody,
            BacklogFull,
            ServiceUnavailable,
            IssuerUnavailable,
        ),
    }


async def _require_room(gateway: GatewayDep, caller: CallerDep) -> None:
    await refuse_without_room(gateway, caller)


#: Checked before the routes read the body.
_CHECKS = [needs(Scope.SUBMIT), Depends(_require_room)]


@router.post(
    "/studies",
    summary="Store DICOM objects",
    response_class=Response,
    openapi_extra=_OBJECTS,
    dependencies=_CHECKS,
    responses=_answers(),
)
@audited(Action.SUBMIT)
async def store(request: Request, gateway: GatewayDep, caller: CallerDep) -> Response:
    """Store the films of the request as one job.

    Objects that are no films, and this service's own results, are accepted and discarded: archives
    forward whole studies, and one failure would fail the transfer.
    """
    return await _store(request, gateway, caller, study=None)


@router.post(
    "/studies/{study}",
    summary="Store DICOM objects of one study",
    response_class=Response,
    openapi_extra=_OBJECTS,
    dependencies=_CHECKS,
    responses=_answers(),
)
@audited(Action.SUBMIT)
async def store_study(
    request: Request,
    study: Annotated[str, Path(description="Study Instance UID.")],
    gateway: GatewayDep,
    caller: CallerDep,
) -> Response:
    """Store the films of the request as one job; objects of other studies fail."""
    if not UID.fullmatch(study):
        raise MalformedRequest("The address names no Study Instance UID.")
    return await _store(request, gateway, caller, study=study)


async def _store(
    request: Request, gateway: Gateway, caller: Caller, *, study: str | None
) -> Response:
    with span("accept", traceparent=request.headers.get("traceparent")) as note:
        received = await receive_instances(request, gateway, caller, study=study)
        if received.job_id is not None:
            note("job_id", received.job_id)
    response = store_response(
        [_uids(identity) for identity in received.accepted],
        [(_uids(failure.identity), int(failure.reason)) for failure in received.failed],
    )
    if wants_xml(request.headers.get("accept", "")):
        content, media_type = as_xml(response), XML
    else:
        content, media_type = as_json(response), JSON
    # Set as it is: clients compare the whole value, and the framework would add a charset.
    headers = {"Content-Type": media_type}
    if received.job_id is not None:
        headers["Location"] = job_path(received.job_id)
    return Response(content, status_code=_status(received), headers=headers)


def _status(received: ReceivedInstances) -> int:
    if not received.failed:
        return 200
    return 202 if received.accepted else 409


def _uids(identity: FilmIdentity | None) -> tuple[str | None, str | None]:
    if identity is None:
        return None, None
    return identity.sop_class_uid, identity.sop_instance_uid
