"""From the record's rows to the wire."""

import httpx

from api.wire.schemas import (
    Counts,
    Delivery,
    DeliveryAttempt,
    Feedback,
    FilmsOfDay,
    Identity,
    Item,
    ItemLinks,
    Job,
    JobLinks,
    TrainingSet,
    WorklistRow,
)
from jobs.record.tables import DeliveryRow, FeedbackRow, IdentityRow, ItemRow
from jobs.results import ModelVersion
from jobs.states import Artifact, DeliveryState, ItemState, ReportKind
from jobs.views import drift
from jobs.views.queries import JobView


def present_job(view: JobView, *, may_read: bool) -> Job:
    """A job with its items.

    Args:
        view: The job.
        may_read: The caller has the scope `read`, and is shown the films' identities.
    """
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
        queue_position=None if view.estimate is None else view.estimate.position,
        estimated_start=None if view.estimate is None else view.estimate.starts_at,
        counts=Counts(total=total, **{state.value: count for state, count in counts.items()}),
        items=[present_item(item, may_read=may_read) for item in view.items],
        links=job_links(row.id),
    )


def present_row(item: ItemRow) -> WorklistRow:
    """An item with what the worklist shows of its job, for callers with the scope `read`."""
    return WorklistRow(
        job_id=item.job.id,
        priority=item.job.priority,
        reference=item.job.reference,
        created_at=item.job.created_at,
        item=present_item(item, may_read=True),
        links=job_links(item.job_id),
    )


def present_item(item: ItemRow, *, may_read: bool) -> Item:
    """One film, with its identity for callers that may read."""
    return Item(
        index=item.index,
        filename=item.filename,
        sha256=item.sha256,
        state=item.state,
        photometric=item.photometric,
        attempts=item.attempts,
        result=item.result,
        error=item.error,
        feedback=present_feedback(item.feedback[-1]) if item.feedback else None,
        identity=present_identity(item.identity) if item.identity and may_read else None,
        links=_item_links(item),
    )


def present_identity(row: IdentityRow) -> Identity:
    """The patient, study and UIDs of a film."""
    return Identity(**{name: getattr(row, name) for name in Identity.model_fields})


def present_feedback(said: FeedbackRow) -> Feedback:
    """An opinion on a result."""
    return Feedback(
        opinion=said.opinion,
        comment=said.comment,
        said_at=said.said_at,
        said_by=said.said_by,
        model=ModelVersion(name=said.model_name, version=said.model_version),
        probability=said.probability,
        threshold=said.threshold,
    )


def present_delivery(row: DeliveryRow) -> Delivery:
    """An event on its way to a receiver."""
    url = httpx.URL(row.job.callback_url or "")
    return Delivery(
        id=row.id,
        job_id=row.job_id,
        type=row.type,
        state=row.state,
        # The path and query may be a secret of the receiver's.
        receiver=f"{url.scheme}://{url.netloc.decode()}",
        created_at=row.created_at,
        next_attempt_at=row.due_at if row.state is DeliveryState.PENDING else None,
        attempts=[
            DeliveryAttempt(
                number=attempt.number,
                started_at=attempt.started_at,
                ms=attempt.ms,
                status=attempt.status,
                error=attempt.error,
            )
            for attempt in row.log
        ],
    )


def job_path(job_id: str) -> str:
    """Return the path of a job."""
    return f"/v1/jobs/{job_id}"


def job_links(job_id: str) -> JobLinks:
    """Return the addresses of a job and of its actions."""
    path = job_path(job_id)
    return JobLinks(self=path, events=f"{path}/events", cancel=f"{path}/cancel")


def _item_links(item: ItemRow) -> ItemLinks:
    path = f"{job_path(item.job_id)}/items/{item.index}"
    drawn = item.state in {ItemState.SUCCEEDED, ItemState.REJECTED}
    # A rejected film is shown, but nothing was computed on it.
    mapped = item.state is ItemState.SUCCEEDED
    # A file that was refused at submission was never stored.
    refused = item.state is ItemState.FAILED and item.attempts == 0
    reports = set(item.report_kinds)
    captured = not reports.isdisjoint({ReportKind.SC, ReportKind.SC_JPEG})
    return ItemLinks(
        upload=None if refused else f"{path}/{Artifact.UPLOAD}",
        radiograph=f"{path}/{Artifact.RADIOGRAPH}" if drawn else None,
        activation_map=f"{path}/{Artifact.ACTIVATION_MAP}" if mapped else None,
        heatmap=f"{path}/{Artifact.HEATMAP}" if mapped else None,
        report=f"{path}/report" if ReportKind.SR in reports else None,
        secondary_capture=f"{path}/secondary-capture" if captured else None,
    )


def present_day(films: drift.DayOfFilms) -> FilmsOfDay:
    """The films that one network finished on one day."""
    return FilmsOfDay(
        day=films.day,
        model_version=films.model_version,
        succeeded=films.succeeded,
        rejected=films.rejected,
        failed=films.failed,
        above_threshold=films.above_threshold,
        mean_probability=films.probability_sum / films.succeeded if films.succeeded else None,
        scores=films.scores,
        views=dict(films.views),
        reasons=dict(films.reasons),
    )


def present_training_set(known: drift.TrainingSet) -> TrainingSet:
    """The films that the model card's figures were measured on."""
    return TrainingSet(
        films=known.films,
        views=dict(known.views),
        mean_probability=known.mean_probability,
        above_threshold=known.above_threshold,
        rejected=known.rejected,
    )
