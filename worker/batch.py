"""One batch: claim, fetch, analyse, store the pictures, commit."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

import structlog

from jobs.artifacts.store import PICTURES, ArtifactStore, picture_key, upload_key
from jobs.errors import ArtifactNotFound, StoreUnavailable
from jobs.queue.leases import Lease, Outcome, claim, commit, renew
from jobs.queue.retries import release
from jobs.queue.reuse import EarlierResult, find_earlier_results
from jobs.record.database import Database
from jobs.results import ErrorCode
from jobs.states import Artifact, ItemState, Priority
from model.analysis import analyse_film
from model.classifier import Classifier
from model.errors import DeviceUnavailable, UnreadableImage
from model.side_by_side import side_by_side
from worker.batch_trace import BatchTrace
from worker.results import failed_outcome, outcome_of, refused_outcome, reused_outcome
from worker.settings import WorkerSettings

log = structlog.get_logger()


def run_batch(
    database: Database,
    store: ArtifactStore,
    classifier: Classifier,
    priorities: Iterable[Priority],
    *,
    settings: WorkerSettings,
    holder: str,
) -> int:
    """Analyse one batch of queued items, and return its size.

    Args:
        database: The record.
        store: The artifact store of uploads and pictures.
        classifier: The loaded network.
        priorities: Priorities that may be claimed.
        settings: Batch size, lease and time limit.
        holder: `worker/batch`, by which the leases are found if this process dies.

    Raises:
        StoreUnavailable: The artifact store is away; the items are queued again, uncounted.
        DeviceUnavailable: The device failed; the items are queued again, uncounted.
    """
    trace = BatchTrace()
    with trace.stage("claim"):
        leases = claim(
            database,
            priorities,
            limit=settings.batch_size,
            lease_s=settings.lease_s,
            max_attempts=settings.max_attempts,
            holder=holder,
        )
    if not leases:
        return 0
    manifest = classifier.manifest
    with _renewed(database, leases, settings):
        try:
            earlier = find_earlier_results(
                database, leases, model_name=manifest.name, model_version=manifest.version
            )
            outcomes = _outcomes(store, classifier, leases, earlier, trace)
        except (StoreUnavailable, DeviceUnavailable):
            release(database, [lease.token for lease in leases])
            raise
        with trace.stage("commit"):
            refused = commit(database, outcomes)
    for lease in refused:
        store.delete(
            [picture_key(lease.job_id, lease.index, lease.token, kind) for kind in PICTURES]
        )
    for lease, outcome in outcomes:
        log.info(
            "item_analysed",
            job_id=lease.job_id,
            index=lease.index,
            attempt=lease.attempt,
            state=outcome.state,
            code=outcome.error.code if outcome.error else None,
            reused=lease.token in earlier,
            kept=lease not in refused,
        )
    trace.export(database, outcomes, refused=refused)
    return len(leases)


def _outcomes(
    store: ArtifactStore,
    classifier: Classifier,
    leases: Sequence[Lease],
    earlier: dict[str, EarlierResult],
    trace: BatchTrace,
) -> list[tuple[Lease, Outcome]]:
    """Return the outcome of each item.

    Films are processed side by side: while one is fetched, or its pictures are flushed to disk,
    others use the cores.
    """

    def settle(lease: Lease) -> Outcome | None:
        known = earlier.get(lease.token)
        if known is not None and (copied := _copy(store, lease, known)) is not None:
            return copied
        return _analyse(store, classifier, lease, trace)

    settled = side_by_side(settle, leases, threads=classifier.films_at_once)
    detail = "The analysis of this file broke. It has been logged."
    broken = failed_outcome(ErrorCode.INTERNAL_ERROR, detail)
    return [
        # Failed items are tried again, alone: they may have lacked memory beside the others.
        (lease, outcome or _analyse(store, classifier, lease, trace) or broken)
        for lease, outcome in zip(leases, settled, strict=True)
    ]


def _copy(store: ArtifactStore, lease: Lease, earlier: EarlierResult) -> Outcome | None:
    """Copy an earlier result and its pictures to an item; None if the pictures are gone.

    Pictures are copied, so that erasing one job leaves the other whole.
    """
    kinds = PICTURES if earlier.state is ItemState.SUCCEEDED else (Artifact.RADIOGRAPH,)
    try:
        for kind in kinds:
            source = picture_key(earlier.job_id, earlier.index, earlier.picture_token, kind)
            store.put(picture_key(lease.job_id, lease.index, lease.token, kind), store.get(source))
    except ArtifactNotFound:
        return None  # the earlier job was erased
    return reused_outcome(earlier, lease)


def _analyse(
    store: ArtifactStore, classifier: Classifier, lease: Lease, trace: BatchTrace
) -> Outcome | None:
    """Analyse an item, store its pictures and return its outcome; None if the analysis failed.

    Raises:
        StoreUnavailable: The artifact store is away.
        DeviceUnavailable: The device failed.
    """
    try:
        with trace.stage("fetch"):
            content = store.get(upload_key(lease.job_id, lease.index))
    except ArtifactNotFound:
        detail = "The uploaded file is no longer in the store."
        return failed_outcome(ErrorCode.UPLOAD_MISSING, detail)
    try:
        analysis = analyse_film(classifier, content, stage=trace.stage)
        if isinstance(analysis, UnreadableImage):
            return refused_outcome(analysis)
        outcome = outcome_of(analysis.result, lease)
    except DeviceUnavailable:
        raise
    except Exception:
        # A defect of ours must not affect the other items.
        log.exception("analysis_broke")
        return None
    pictures = {
        Artifact.RADIOGRAPH: analysis.radiograph_jpeg,
        Artifact.ACTIVATION_MAP: analysis.activation_map_png,
        Artifact.HEATMAP: analysis.heatmap_jpeg,
    }
    with trace.stage("store"):
        for kind, data in pictures.items():
            if data is not None:
                store.put(picture_key(lease.job_id, lease.index, lease.token, kind), data)
    return outcome


@contextmanager
def _renewed(
    database: Database, leases: Sequence[Lease], settings: WorkerSettings
) -> Iterator[None]:
    """Renew leases while their batch runs, up to its time limit."""
    done = Event()
    stuck_at = time.monotonic() + settings.task_time_limit_s

    def keep_renewing() -> None:
        while not done.wait(settings.lease_s / 3) and time.monotonic() < stuck_at:
            try:
                renew(database, leases, lease_s=settings.lease_s)
            except Exception:
                log.warning("lease_not_renewed", exc_info=True)

    keeper = Thread(target=keep_renewing, name="lease-keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
