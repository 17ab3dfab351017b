"""Reports of a batch's DICOM films: encoded once, kept with the attempt, copied with a result."""

import io
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest
from pydicom import dcmread

from jobs.artifacts.store import ArtifactStore, report_key
from jobs.deliveries.destinations import Destination
from jobs.deliveries.outbox import list_undelivered
from jobs.record.database import Database
from jobs.record.installation import read_installation
from jobs.record.tables import ItemRow
from jobs.states import ItemState, Priority, ReportKind
from jobs.views.queries import get_job
from model.classifier import Classifier
from tests.model.synthetic import dicom
from tests.worker.conftest import Submit, _chest, film
from worker.batch import run_batch
from worker.reports import DOWNLOADED, Reporter
from worker.settings import WorkerSettings

STUDY = {"StudyInstanceUID": "1.2.3.4", "SeriesInstanceUID": "1.2.3.5", "PatientName": "Doe^Jane"}

Run = Callable[[Reporter], None]


def dicom_film(**tags: object) -> bytes:
    return dicom(np.asarray(_chest()), **{**STUDY, **tags})


@pytest.fixture
def reporter(database: Database) -> Reporter:
    return Reporter(read_installation(database), "ab" * 32, DOWNLOADED)


@pytest.fixture
def run(
    database: Database, store: ArtifactStore, classifier: Classifier, settings: WorkerSettings
) -> Run:
    """Run one batch of all that is queued."""

    def run_one(reporter: Reporter) -> None:
        run_batch(
            database,
            store,
            classifier,
            Priority,
            settings=settings,
            holder="worker/batch",
            reporter=reporter,
        )

    return run_one


def item(database: Database, job_id: str, index: int = 0) -> ItemRow:
    return get_job(database, job_id).items[index]


def report(store: ArtifactStore, row: ItemRow, kind: ReportKind) -> bytes:
    assert row.picture_token is not None
    return store.get(report_key(row.job_id, row.index, row.picture_token, kind))


def test_a_dicom_film_has_its_reports_and_another_file_none(
    database: Database, store: ArtifactStore, submit: Submit, run: Run, reporter: Reporter
) -> None:
    job = submit(dicom_film(), film(), dicom_film(StudyInstanceUID=None))

    run(reporter)

    row, picture, nameless = get_job(database, job).items
    assert row.state is ItemState.SUCCEEDED
    assert set(row.report_kinds) == DOWNLOADED
    written = dcmread(io.BytesIO(report(store, row, ReportKind.SR)))
    assert (written.StudyInstanceUID, written.PatientName) == ("1.2.3.4", "Doe^Jane")
    capture = dcmread(io.BytesIO(report(store, row, ReportKind.SC_JPEG)))
    assert capture.pixel_array.shape[1] == 256
    assert picture.report_kinds == nameless.report_kinds == []
    assert picture.state is nameless.state is ItemState.SUCCEEDED


def test_a_film_without_a_score_is_reported_too(
    database: Database, store: ArtifactStore, submit: Submit, run: Run, reporter: Reporter
) -> None:
    job = submit(dicom_film(ViewPosition="LL"))

    run(reporter)

    row = item(database, job)
    assert row.state is ItemState.REJECTED
    assert b"not_frontal" in report(store, row, ReportKind.SR)
    assert report(store, row, ReportKind.SC_JPEG)


def test_a_result_that_is_used_again_brings_its_reports_unchanged(
    database: Database, store: ArtifactStore, submit: Submit, run: Run, reporter: Reporter
) -> None:
    """An archive must never get the same UID with other bytes."""
    first = submit(dicom_film())
    run(reporter)
    second = submit(dicom_film())
    run(replace(reporter, downloaded=DOWNLOADED | {ReportKind.HL7}))

    rows = item(database, first), item(database, second)
    for kind in DOWNLOADED:
        one, other = (report(store, row, kind) for row in rows)
        assert one == other
    assert set(rows[1].report_kinds) == DOWNLOADED | {ReportKind.HL7}
    assert report(store, rows[1], ReportKind.HL7).startswith(b"MSH|")


def test_a_report_that_cannot_be_made_costs_no_result(
    database: Database,
    submit: Submit,
    run: Run,
    reporter: Reporter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no such header")

    monkeypatch.setattr("reports.encoding.structured_report", fail)
    job = submit(dicom_film())

    run(reporter)

    row = item(database, job)
    assert row.state is ItemState.SUCCEEDED
    assert row.report_kinds == []


def test_an_installation_keeps_its_id(database: Database) -> None:
    assert isinstance(read_installation(database), UUID)
    assert read_installation(database) == read_installation(database)


def test_a_report_is_queued_for_each_destination_that_wants_it(
    database: Database, submit: Submit, run: Run, reporter: Reporter
) -> None:
    stow = {"kind": "stow", "url": "http://pacs.example"}
    pacs = Destination.model_validate({"name": "pacs", **stow})
    positive = Destination.model_validate({"name": "alerts", "results": "positive", **stow})
    submit(dicom_film(ViewPosition="LL"), film())

    run(replace(reporter, destinations=(pacs, positive)))

    queued = [(row.destination, row.kind) for row in list_undelivered(database, limit=9)]
    assert sorted(queued) == [("pacs", "sc"), ("pacs", "sr")]
