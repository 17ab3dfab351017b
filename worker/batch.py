"""One batch: claim, fetch, analyse, store the pictures, commit."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

import structlog

from jobs.artifacts import ArtifactStore, picture_key, upload_key
from jobs.database import Database
from jobs.errors import ArtifactNotFound, StoreUnavailable
from jobs.leases import Lease, Outcome, claim, commit, release, renew
from jobs.states import Artifact, ItemState, Priority
from model.analysis import Analysis, analyse
from model.classifier import Classifier
from model.errors import UnreadableImage
from worker.settings import WorkerSettings

log = structlog.get_logger()

PICTURES = (Artifact.RADIOGRAPH, Artifact.ACTIVATION_MAP, Artifact.HEATMAP)


def run_batch(
    database: Database,
    store: ArtifactStore,
    classifier: Classifier,
    priorities: Iterable[Priority],
    *,
    settings: WorkerSettings,
) -> int:
    """Analyse one batch of whatever is queued; how many items it held.

    Args:
        database: The record.
        store: Where uploads come from and pictures go.
        classifier: The loaded network.
        priorities: What may be claimed.
        settings: Of them the size of a batch and the length of a lease.

    Raises:
        StoreUnavailable: The artifact store is away. The items are queued again, unharmed.
    """
    leases = claim(database, priorities, limit=settings.batch_size, lease_s=settings.lease_s)
    if not leases:
        return 0
    with _renewed(database, leases, lease_s=settings.lease_s):
        try:
            outcomes = _outcomes(store, classifier, leases)
        except StoreUnavailable:
            release(database, leases)
            raise
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
            code=outcome.error_code,
            kept=lease not in refused,
        )
    return len(leases)


def _outcomes(
    store: ArtifactStore, classifier: Classifier, leases: Sequence[Lease]
) -> list[tuple[Lease, Outcome]]:
    outcomes: list[tuple[Lease, Outcome]] = []
    present: list[Lease] = []
    files: list[bytes] = []
    for lease in leases:
        try:
            files.append(store.get(upload_key(lease.job_id, lease.index)))
            present.append(lease)
        except ArtifactNotFound:
            missing = _failed("upload_missing", "The uploaded file is no longer in the store.")
            outcomes.append((lease, missing))
    for lease, analysis in zip(present, _analyse(classifier, files), strict=True):
        outcomes.append((lease, _settle(store, lease, analysis)))
    return outcomes


def _analyse(
    classifier: Classifier, files: Sequence[bytes]
) -> Sequence[Analysis | UnreadableImage | None]:
    """Analyse a batch; one by one if the batch as a whole breaks. None marks what broke it."""
    if not files:
        return []
    try:
        return analyse(classifier, files)
    except Exception:
        # A defect of ours, whatever it is, must not take a neighbour with it.
        if len(files) == 1:
            log.exception("analysis_broke")
            return [None]
        return [_analyse(classifier, [file])[0] for file in files]


def _settle(
    store: ArtifactStore, lease: Lease, analysis: Analysis | UnreadableImage | None
) -> Outcome:
    """Store an analysis's pictures and say what to record."""
    if analysis is None:
        return _failed("internal_error", "The analysis of this file broke. It has been logged.")
    if isinstance(analysis, UnreadableImage):
        return _failed(analysis.code, analysis.detail)
    pictures = {
        Artifact.RADIOGRAPH: analysis.radiograph_jpeg,
        Artifact.ACTIVATION_MAP: analysis.activation_map_png,
        Artifact.HEATMAP: analysis.heatmap_jpeg,
    }
    for kind, data in pictures.items():
        if data is not None:
            store.put(picture_key(lease.job_id, lease.index, lease.token, kind), data)
    result = analysis.result.to_dict()
    waited = lease.claimed_at - lease.queued_at
    result["timings_ms"]["queued"] = round(waited.total_seconds() * 1000, 1)
    state = ItemState.REJECTED if analysis.rejected else ItemState.SUCCEEDED
    return Outcome(state=state, result=result)


def _failed(code: str, detail: str) -> Outcome:
    return Outcome(state=ItemState.FAILED, error_code=code, error_detail=detail)


@contextmanager
def _renewed(database: Database, leases: Sequence[Lease], *, lease_s: float) -> Iterator[None]:
    """Keep leases alive while their batch is worked on, as long as this process lives."""
    done = Event()

    def keep_renewing() -> None:
        while not done.wait(lease_s / 3):
            try:
                renew(database, leases, lease_s=lease_s)
            except Exception:
                log.warning("lease_not_renewed", exc_info=True)

    keeper = Thread(target=keep_renewing, name="lease-keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
