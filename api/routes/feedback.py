"""Feedback on results, and its export."""

import csv
import io
from collections.abc import Iterator

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from api.access import CallerDep, ItemIndex, JobId, needs
from api.gateway import Gateway, GatewayDep
from api.middleware.audit_trail import audited
from api.wire.bodies import json_body, read_json
from api.wire.errors import NothingToJudge, RequestTimeout, TooLarge
from api.wire.presenters import present_feedback
from api.wire.problems import RESPONSES, documented
from api.wire.schemas import Feedback, Judgement
from jobs.audit.log import Action
from jobs.record.tables import FeedbackRow
from jobs.states import Scope
from jobs.views import feedback
from jobs.views.feedback import MAX_COMMENT_CHARACTERS

router = APIRouter(prefix="/v1", tags=["feedback"], responses=RESPONSES)

#: Body with the longest comment, all of its characters escaped as surrogate pairs.
_MAX_BODY_BYTES = 12 * MAX_COMMENT_CHARACTERS + 1000

#: Read from the database and sent at a time.
_CHUNK_ROWS = 500

_COLUMNS = (
    "said_at",
    "counts",
    "opinion",
    "comment",
    "said_by",
    "job_id",
    "index",
    "filename",
    "sha256",
    "reference",
    "model",
    "model_version",
    "probability",
    "threshold",
    "state",
)


@router.post(
    "/jobs/{job_id}/items/{index}/feedback",
    status_code=201,
    summary="Agree or disagree with a result",
    openapi_extra=json_body(Judgement),
    dependencies=[needs(Scope.READ)],
    responses=documented(RequestTimeout, NothingToJudge, TooLarge),
)
@audited(Action.JUDGE)
async def add_feedback(
    *,
    job_id: JobId,
    index: ItemIndex,
    request: Request,
    gateway: GatewayDep,
    caller: CallerDep,
) -> Feedback:
    """Agree or disagree with a result, with a comment. Earlier feedback stays; the latest counts.

    It is kept with the result as it stands, and erased with the job.
    """
    judgement = await read_json(request, Judgement, max_bytes=_MAX_BODY_BYTES)
    said = await anyio.to_thread.run_sync(
        lambda: feedback.add_feedback(
            gateway.database,
            job_id,
            index,
            opinion=judgement.opinion,
            comment=judgement.comment.strip() or None,
            said_by=caller.owner,
        )
    )
    return present_feedback(said)


@router.get(
    "/feedback.csv",
    summary="Export the feedback on results",
    response_class=StreamingResponse,
    dependencies=[needs(Scope.READ)],
    responses={200: {"description": "Comma-separated values", "content": {"text/csv": {}}}},
)
@audited(Action.EXPORT)
def export_feedback(gateway: GatewayDep, caller: CallerDep) -> StreamingResponse:
    """The feedback on the caller's own jobs, or with `admin` on everyone's.

    One line per feedback, oldest first; `counts` is true for the latest of a film.
    Comma-separated values (RFC 4180) with a header, in UTF-8. Comments, file names and references
    are patient data.
    """
    return StreamingResponse(
        _lines(gateway, caller.visible_owner),
        media_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": 'attachment; filename="pneumocam-feedback.csv"'},
    )


def _lines(gateway: Gateway, owner: str | None) -> Iterator[str]:
    yield _csv([_COLUMNS])
    after = 0
    while found := feedback.list_feedback(
        gateway.database, owner=owner, after=after, limit=_CHUNK_ROWS
    ):
        yield _csv([_cells(said, counts=counts) for said, counts in found])
        after = found[-1][0].id


def _cells(said: FeedbackRow, *, counts: bool) -> tuple[object, ...]:
    item = said.item
    return (
        said.said_at.isoformat(),
        str(counts).lower(),
        said.opinion,
        _as_text(said.comment),
        said.said_by,
        said.job_id,
        said.index,
        _as_text(item.filename),
        item.sha256,
        _as_text(item.job.reference),
        said.model_name,
        said.model_version,
        said.probability,
        said.threshold,
        item.state,
    )


def _as_text(written: str | None) -> str | None:
    """Return free text that no spreadsheet takes for a formula."""
    return f"'{written}" if written and written[0] in "=+-@\t\r" else written


def _csv(rows: list[tuple[object, ...]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()
