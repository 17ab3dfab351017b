"""The files of an item: the upload, the film, the map, the heatmap."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.access import CallerDep, WrittenJobId, needs, require_own
from api.gateway import GatewayDep
from api.middleware.audit_trail import audited
from api.wire.problems import RESPONSES
from jobs.artifacts.store import picture_key, upload_key
from jobs.audit.log import Action
from jobs.errors import ArtifactNotFound
from jobs.states import Artifact, Scope
from jobs.views.queries import get_item, require_kept

router = APIRouter(prefix="/v1/jobs", tags=["artifacts"], responses=RESPONSES)


@router.get(
    "/{job_id}/items/{index}/{artifact}",
    summary="A file of an item",
    response_class=Response,
    dependencies=[needs(Scope.READ)],
    responses={
        200: {
            "description": "The bytes",
            "content": {kind.media_type: {} for kind in Artifact},
        }
    },
)
@audited(Action.VIEW_PICTURE)
def read_artifact(
    *,
    job_id: WrittenJobId,
    index: Annotated[int, Path(ge=0, lt=100_000)],
    artifact: Artifact,
    gateway: GatewayDep,
    caller: CallerDep,
) -> Response:
    """The upload as it came, the film as JPEG, the raw map as grey PNG, or the overlay as JPEG.

    The map's grey value over 255 is the map's value; it is never stretched, so two films' maps
    can be compared.
    """
    # Here and not before: an artifact that does not exist is a 422, whatever the job.
    require_own(job_id, caller, gateway)
    item = get_item(gateway.database, job_id, index)
    if artifact is Artifact.UPLOAD:
        key = upload_key(job_id, index)
    elif item.picture_token is not None:
        key = picture_key(job_id, index, item.picture_token, artifact)
    else:
        raise ArtifactNotFound(artifact)
    try:
        content = gateway.store.get(key)
    except ArtifactNotFound:
        # Who erases a job removes its bytes before the record of them.
        require_kept(gateway.database, job_id)
        raise
    headers = {
        # Pictures are of patients: a private cache may keep them for the session, nobody else.
        "Cache-Control": "private, no-store"
        if artifact is Artifact.UPLOAD
        else "private, max-age=3600, immutable",
        # What one person's browser keeps is not for whoever signs in there next.
        "Vary": "Authorization, Cookie",
        "Content-Disposition": _disposition(artifact, job_id, index),
    }
    return Response(content, media_type=artifact.media_type, headers=headers)


def _disposition(artifact: Artifact, job_id: str, index: int) -> str:
    if artifact is Artifact.UPLOAD:
        # Never shown by the browser, whatever the bytes are, nor under a name the client chose.
        return f'attachment; filename="{job_id}-{index}.bin"'
    suffix = artifact.media_type.removeprefix("image/").replace("jpeg", "jpg")
    return f'inline; filename="{job_id}-{index}-{artifact}.{suffix}"'
