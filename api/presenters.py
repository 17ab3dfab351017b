"""From the record's rows to the wire."""

from api.schemas import (
    Counts,
    Item,
    ItemError,
    ItemLinks,
    Job,
    JobLinks,
    Result,
    WorklistRow,
)
from jobs.queries import JobView
from jobs.states import Artifact, ItemState
from jobs.tables import ItemRow


def present_job(view: JobView) -> Job:
    """A job with its items."""
    row, counts = view.row, view.counts
    total = len(view.items)
    finished = sum(count for state, count in counts.items() if state.is_final)
    return Job(
        id=row.id,
        state=view.state,
        priority=row.priority,
        reference=row.reference,
        created_at=row.created_at,
        finished_at=row.finished_at,
        expires_at=row.expires_at,
        progress=finished / total,
        queue_position=view.queue_position,
        counts=Counts(total=total, **{state.value: count for state, count in counts.items()}),
        items=[present_item(item) for item in view.items],
        links=job_links(row.id),
    )


def present_row(item: ItemRow) -> WorklistRow:
    """An item with what the worklist shows of its job."""
    return WorklistRow(
        job_id=item.job.id,
        priority=item.job.priority,
        reference=item.job.reference,
        created_at=item.job.created_at,
        item=present_item(item),
        links=job_links(item.job_id),
    )


def present_item(item: ItemRow) -> Item:
    """One film."""
    return Item(
        index=item.index,
        filename=item.filename,
        sha256=item.sha256,
        state=item.state,
        attempts=item.attempts,
        result=None if item.result is None else Result.model_validate(item.result),
        error=None
        if item.error_code is None
        else ItemError(code=item.error_code, detail=item.error_detail or ""),
        links=_item_links(item),
    )


def job_path(job_id: str) -> str:
    """Where a job is."""
    return f"/v1/jobs/{job_id}"


def job_links(job_id: str) -> JobLinks:
    """What can be done with a job."""
    path = job_path(job_id)
    return JobLinks(self=path, events=f"{path}/events", cancel=f"{path}/cancel")


def _item_links(item: ItemRow) -> ItemLinks:
    path = f"{job_path(item.job_id)}/items/{item.index}"
    drawn = item.state in {ItemState.SUCCEEDED, ItemState.REJECTED}
    # A rejected film is shown, but nothing was computed on it.
    mapped = item.state is ItemState.SUCCEEDED
    # What was refused at the door was never stored.
    refused = item.state is ItemState.FAILED and item.attempts == 0
    return ItemLinks(
        upload=None if refused else f"{path}/{Artifact.UPLOAD}",
        radiograph=f"{path}/{Artifact.RADIOGRAPH}" if drawn else None,
        activation_map=f"{path}/{Artifact.ACTIVATION_MAP}" if mapped else None,
        heatmap=f"{path}/{Artifact.HEATMAP}" if mapped else None,
    )
