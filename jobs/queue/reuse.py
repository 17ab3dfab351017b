"""Reuse of results: the same bytes, read the same way, the same owner, the same network."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.queue.leases import Lease
from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow
from jobs.results import MODEL_NAME, MODEL_VERSION, Result
from jobs.states import ItemState, ReportKind

_WITH_RESULT = (ItemState.SUCCEEDED, ItemState.REJECTED)


@dataclass(frozen=True, slots=True)
class EarlierResult:
    """An earlier item whose result another item can copy.

    Attributes:
        job_id: The earlier item's job, of the same owner.
        index: Index of the item in its job.
        picture_token: Part of the keys of its pictures.
        state: `succeeded` or `rejected`.
        result: The recorded result.
        reports: Kinds of its reports.
    """

    job_id: str
    index: int
    picture_token: str
    state: ItemState
    result: Result
    reports: tuple[ReportKind, ...] = ()


def find_earlier_results(
    database: Database, leases: Iterable[Lease], *, model_name: str, model_version: str
) -> dict[str, EarlierResult]:
    """Find earlier results for the same bytes, read the same way by the same network, by token.

    Results of other owners are never used: nobody may learn that another owner sent the same
    film.
    """
    by_token = {lease.token: lease for lease in leases}
    with database.read() as session:
        # Nearly always there is none, which one query on an index finds for all.
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
            ItemRow.photometric == lease.photometric,
            ItemRow.state.in_(_WITH_RESULT),
            ItemRow.result[MODEL_NAME].as_string() == name,
            ItemRow.result[MODEL_VERSION].as_string() == version,
            JobRow.owner == owner,
        )
        .limit(1)
    )
    if row is None or row.picture_token is None or row.result is None:
        return None
    # Kinds of a later version are not copied.
    reports = tuple(kind for kind in ReportKind if kind in row.report_kinds)
    return EarlierResult(row.job_id, row.index, row.picture_token, row.state, row.result, reports)
