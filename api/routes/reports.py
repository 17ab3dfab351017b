"""Reports of an item for hospitals' systems: DICOM SR, FHIR, and Secondary Capture."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from api.access import CallerDep, ItemIndex, WrittenJobId, needs, require_own
from api.gateway import Gateway, GatewayDep
from api.middleware.audit_trail import audited
from api.stored import read_stored
from api.wire.problems import RESPONSES
from jobs.artifacts.store import report_key
from jobs.audit.log import Action
from jobs.errors import ArtifactNotFound
from jobs.identity.keys import Caller
from jobs.states import ReportKind, Scope
from jobs.views.queries import get_item

router = APIRouter(prefix="/v1/jobs", tags=["artifacts"], responses=RESPONSES)

_SUFFIXES = {ReportKind.FHIR: "fhir.json"}


def _content(*kinds: ReportKind) -> dict[int | str, dict[str, object]]:
    """Return the documentation of the answer 200."""
    types: dict[str, object] = {kind.media_type: {} for kind in kinds}
    return {200: {"description": "The bytes", "content": types}}


@router.get(
    "/{job_id}/items/{index}/report",
    summary="Report of an item as DICOM SR or FHIR",
    response_class=Response,
    dependencies=[needs(Scope.READ)],
    responses=_content(ReportKind.SR, ReportKind.FHIR),
)
@audited(Action.EXPORT)
def read_report(
    *,
    job_id: WrittenJobId,
    index: ItemIndex,
    gateway: GatewayDep,
    caller: CallerDep,
    accept: Annotated[
        str,
        Header(description="`application/fhir+json` for FHIR R4, anything else for DICOM SR."),
    ] = "",
) -> Response:
    """The result of a DICOM film as Structured Report (TID 1500), or as FHIR R4 transaction.

    It names the patient as the film does. Films of other formats have no report.
    """
    kind = ReportKind.FHIR if "json" in accept else ReportKind.SR
    return _answer(gateway, caller, job_id, index, (kind,))


@router.get(
    "/{job_id}/items/{index}/secondary-capture",
    summary="Overlay of an item as DICOM Secondary Capture",
    response_class=Response,
    dependencies=[needs(Scope.READ)],
    responses=_content(ReportKind.SC),
)
@audited(Action.EXPORT)
def read_secondary_capture(
    *, job_id: WrittenJobId, index: ItemIndex, gateway: GatewayDep, caller: CallerDep
) -> Response:
    """The heatmap with boxes and a legend, in the study of the film."""
    return _answer(gateway, caller, job_id, index, (ReportKind.SC, ReportKind.SC_JPEG))


def _answer(
    gateway: Gateway, caller: Caller, job_id: str, index: int, kinds: tuple[ReportKind, ...]
) -> Response:
    """Answer with the first of these kinds that the item has.

    Raises:
        ArtifactNotFound: It has none of them.
    """
    require_own(job_id, caller, gateway)
    item = get_item(gateway.database, job_id, index)
    kind = next((kind for kind in kinds if kind in item.report_kinds), None)
    if kind is None or item.picture_token is None:
        raise ArtifactNotFound(kinds[0])
    content = read_stored(gateway, job_id, report_key(job_id, index, item.picture_token, kind))
    suffix = _SUFFIXES.get(kind, f"{kind}.dcm")
    headers = {
        "Cache-Control": "private, no-store",
        "Vary": "Accept, Authorization, Cookie",
        "Content-Disposition": f'attachment; filename="{job_id}-{index}.{suffix}"',
    }
    return Response(content, media_type=kind.media_type, headers=headers)
