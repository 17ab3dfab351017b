"""Results that need not be found again: the same bytes, the same owner, the same network."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.queue.leases import Lease
from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow
from jobs.results import MODEL_NAME, MODEL_VERSION, Result
from jobs.states import ItemState

_WITH_RESULT = (ItemState.SUCCEEDED, ItemState.REJECTED)


@dataclass(frozen=True, slots=True)
class EarlierResult:
    """An item that already has the result that another is to get.

    Attributes:
        job_id: Its job, which is the same owner's.
        index: Its place in the job.
        picture_token: Part of the keys of its pictures.
        state: Succeeded or rejected.
        result: As it was recorded.
    """

    job_id: str
    index: int
    picture_token: str
    state: ItemState
    result: Result


def find_earlier_results(
    database: Database, leases: Iterable[Lease], *, model_name: str, model_version: str
) -> dict[str, EarlierResult]:
    """What a network has already found in some items' bytes, by their leases' tokens.

    Results of another owner are never looked at: that somebody else had the same film is not for
    anyone to learn.
    """
    by_token = {lease.token: lease for lease in leases}
    with database.read() as session:
        # Nearly always none of them is known, which one look at an index tells for all.
        known = set(
            session.scalars(
                select(ItemRow.sha256)
                .where(
                    ItemRow.sha256.in_([lease.sha256 for lease in by_token.values()]),
                    ItemRow.state.in_(_WITH_RESULT),
                )
                .distinct()
            )
        )
        found = {
            token: _find(session, lease, model_name, model_version)
            for token, lease in by_token.items()
            if lease.sha256 in known
        }
    return {token: earlier for token, earlier in found.items() if earlier is not None}


def _find(session: Session, lease: Lease, name: str, version: str) -> EarlierResult | None:
    owner = session.scalar(select(JobRow.owner).where(JobRow.id == lease.job_id))
    row = session.scalar(
        select(ItemRow)
        .join(ItemRow.job)
        .where(
            ItemRow.sha256 == lease.sha256,
            ItemRow.state.in_(_WITH_RESULT),
            ItemRow.result[MODEL_NAME].as_string() == name,
            ItemRow.result[MODEL_VERSION].as_string() == version,
            JobRow.owner == owner,
        )
        .limit(1)
    )
    if row is None or row.picture_token is None or row.result is None:
        return None
    return EarlierResult(row.job_id, row.index, row.picture_token, row.state, row.result)
