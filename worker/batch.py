"""One batch: claim, fetch, analyse, store the pictures, commit."""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event, Thread

import structlog

from jobs.artifacts.store import (
    PICTURES,
    ArtifactStore,
    attempt_keys,
    picture_key,
    report_key,
    upload_key,
)
from jobs.errors import ArtifactNotFound, StoreUnavailable
from jobs.queue.leases import Lease, Outcome, claim, commit, renew
from jobs.queue.retries import release
from jobs.queue.reuse import EarlierResult, find_earlier_results
from jobs.record.database import Database
from jobs.results import ErrorCode, Result
from jobs.states import Artifact, ItemState, Photometric, Priority, ReportKind
from model.analysis import analyse_film
from model.classifier import Classifier
from model.errors import DeviceUnavailable, UnreadableImage
from model.side_by_side import side_by_side
from worker.batch_trace import BatchTrace
from worker.reports import DICOM, Reporter
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
    reporter: Reporter | None = None,
) -> int:
    """Analyse one batch of queued items, and return its size.

    Args:
        database: The record.
        store: The artifact store of uploads and pictures.
        classifier: The loaded network.
        priorities: Priorities that may be claimed.
        settings: Batch size, lease and time limit.
        holder: `worker/batch`, by which the leases are found if this process dies.
        reporter: Encodes the reports of DICOM films; None for no reports.

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
            analyst = _Analyst(store, classifier, reporter, trace)
            outcomes = _outcomes(analyst, leases, earlier)
        except (StoreUnavailable, DeviceUnavailable):
            release(database, [lease.token for lease in leases])
            raise
        with trace.stage("commit"):
            refused = commit(database, outcomes)
    for lease in refused:
        store.delete(sorted(attempt_keys(lease.job_id, lease.index, lease.token)))
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


@dataclass(frozen=True, slots=True)
class _Analyst:
    """Everything that the analysis of a batch's films needs."""

    store: ArtifactStore
    classifier: Classifier
    reporter: Reporter | None
    trace: BatchTrace

    def copy(self, lease: Lease, earlier: EarlierResult) -> Outcome | None:
        """Copy an earlier result, its pictures and reports; None if they are gone.

        They are copied, so that erasing one job leaves the other whole. A report is encoded only
        if the earlier item does not have it.
        """
        kinds = PICTURES if earlier.state is ItemState.SUCCEEDED else (Artifact.RADIOGRAPH,)
        place, new = (earlier.job_id, earlier.index, earlier.picture_token), _place(lease)
        store = self.store
        try:
            for kind in kinds:
                store.put(picture_key(*new, kind), store.get(picture_key(*place, kind)))
            for report in earlier.reports:
                store.put(report_key(*new, report), store.get(report_key(*place, report)))
            missing = self._missing_reports(lease, earlier)
        except ArtifactNotFound:
            return None  # the earlier job was erased
        outcome = reused_outcome(earlier, lease)
        return self._with_reports(outcome, earlier.result, (*earlier.reports, *missing))

    def _missing_reports(self, lease: Lease, earlier: EarlierResult) -> Sequence[ReportKind]:
        """Encode the wanted reports that an earlier item does not have, and return their kinds."""
        wanted = set() if self.reporter is None else self.reporter.kinds - set(earlier.reports)
        if not wanted or earlier.result.input.format != DICOM:
            return ()
        content = self.store.get(upload_key(lease.job_id, lease.index))
        scored = earlier.state is ItemState.SUCCEEDED
        picture = Artifact.HEATMAP if scored else Artifact.RADIOGRAPH
        shown = self.store.get(picture_key(*_place(lease), picture))
        return self._report(lease, content, earlier.result, shown, wanted)

    def _report(
        self,
        lease: Lease,
        content: bytes,
        result: Result,
        picture_jpeg: bytes,
        kinds: Collection[ReportKind] | None = None,
    ) -> Sequence[ReportKind]:
        """Encode and store the reports of an item, and return their kinds."""
        if self.reporter is None:
            return ()
        with self.trace.stage("report"):
            reports = self.reporter.encode(
                content, result, picture_jpeg, at=lease.claimed_at, kinds=kinds
            )
        for kind, data in reports.items():
            self.store.put(report_key(*_place(lease), kind), data)
        return tuple(reports)

    def analyse(self, lease: Lease) -> Outcome | None:
        """Analyse an item, store its pictures and reports; None if the analysis failed.

        Raises:
            StoreUnavailable: The artifact store is away.
            DeviceUnavailable: The device failed.
        """
        try:
            with self.trace.stage("fetch"):
                content = self.store.get(upload_key(lease.job_id, lease.index))
        except ArtifactNotFound:
            detail = "The uploaded file is no longer in the store."
            return failed_outcome(ErrorCode.UPLOAD_MISSING, detail)
        try:
            analysis = analyse_film(
                self.classifier,
                content,
                inverted=lease.photometric is Photometric.INVERTED,
                stage=self.trace.stage,
            )
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
        with self.trace.stage("store"):
            for kind, data in pictures.items():
                if data is not None:
                    self.store.put(picture_key(*_place(lease), kind), data)
        assert outcome.result is not None  # a film that was read has one
        picture = analysis.heatmap_jpeg or analysis.radiograph_jpeg
        reports = self._report(lease, content, outcome.result, picture)
        return self._with_reports(outcome, outcome.result, reports)

    def _with_reports(
        self, outcome: Outcome, result: Result, reports: Sequence[ReportKind]
    ) -> Outcome:
        """Return an outcome with its reports and their deliveries."""
        deliveries = () if self.reporter is None else self.reporter.deliveries(result, reports)
        return replace(outcome, reports=tuple(reports), deliveries=deliveries)


def _place(lease: Lease) -> tuple[str, int, str]:
    """Return the parts of the keys of what an attempt stores."""
    return lease.job_id, lease.index, lease.token


def _outcomes(
    analyst: _Analyst, leases: Sequence[Lease], earlier: dict[str, EarlierResult]
) -> list[tuple[Lease, Outcome]]:
    """Return the outcome of each item.

    Films are processed side by side: while one is fetched, or its pictures are flushed to disk,
    others use the cores.
    """

    def settle(lease: Lease) -> Outcome | None:
        known = earlier.get(lease.token)
        if known is not None and (copied := analyst.copy(lease, known)) is not None:
            return copied
        return analyst.analyse(lease)

    settled = side_by_side(settle, leases, threads=analyst.classifier.films_at_once)
    detail = "The analysis of this file broke. It has been logged."
    broken = failed_outcome(ErrorCode.INTERNAL_ERROR, detail)
    return [
        # Failed items are tried again, alone: they may have lacked memory beside the others.
        (lease, outcome or analyst.analyse(lease) or broken)
        for lease, outcome in zip(leases, settled, strict=True)
    ]


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
