"""Files of an item: upload, radiograph, activation map, heatmap."""

from fastapi import APIRouter, Response

from api.access import CallerDep, ItemIndex, WrittenJobId, needs, require_own
from api.gateway import GatewayDep
from api.middleware.audit_trail import audited
from api.stored import read_stored
from api.wire.problems import RESPONSES
from jobs.artifacts.store import picture_key, upload_key
from jobs.audit.log import Action
from jobs.errors import ArtifactNotFound
from jobs.states import Artifact, Scope
from jobs.views.queries import get_item

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
    index: ItemIndex,
    artifact: Artifact,
    gateway: GatewayDep,
    caller: CallerDep,
) -> Response:
    """The upload as sent, the film as JPEG, the raw map as grey PNG, or the overlay as JPEG.

    The map's grey value over 255 is the map's value; it is never stretched, so two films' maps
    can be compared.
    """
    # Here and not as a dependency: an unknown artifact is a 422, whatever the job.
    require_own(job_id, caller, gateway)
    item = get_item(gateway.database, job_id, index)
    if artifact is Artifact.UPLOAD:
        key = upload_key(job_id, index)
    elif item.picture_token is not None:
        key = picture_key(job_id, index, item.picture_token, artifact)
    else:
        raise ArtifactNotFound(artifact)
    content = read_stored(gateway, job_id, key)
    headers = {
        # Pictures show patients: only a private cache may keep them.
        "Cache-Control": "private, no-store"
        if artifact is Artifact.UPLOAD
        else "private, max-age=3600, immutable",
        # A browser's cache is not for the next person who signs in there.
        "Vary": "Authorization, Cookie",
        "Content-Disposition": _disposition(artifact, job_id, index),
    }
    return Response(content, media_type=artifact.media_type, headers=headers)


def _disposition(artifact: Artifact, job_id: str, index: int) -> str:
    if artifact is Artifact.UPLOAD:
        # Never displayed by a browser, nor saved under a name that a client chose.
        return f'attachment; filename="{job_id}-{index}.bin"'
    suffix = artifact.media_type.removeprefix("image/").replace("jpeg", "jpg")
    return f'inline; filename="{job_id}-{index}-{artifact}.{suffix}"'
