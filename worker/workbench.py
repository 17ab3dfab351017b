"""Resources of an analysing process: the record, the store and the loaded network."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from jobs.artifacts.store import ArtifactStore
from jobs.deliveries.destinations import read_destinations
from jobs.queue import heartbeats
from jobs.record.database import Database
from jobs.record.installation import read_installation
from jobs.states import Priority
from model.classifier import Classifier, load_classifier
from model.manifest import DEFAULT_ARTEFACT
from model.reading.radiograph import InputFacts, Radiograph
from worker.batch import run_batch
from worker.reports import DOWNLOADED, Reporter
from worker.settings import WorkerSettings


@dataclass(frozen=True, slots=True)
class Workbench:
    """Resources opened once per process, because they do not survive a fork."""

    settings: WorkerSettings
    database: Database
    store: ArtifactStore
    classifier: Classifier
    reporter: Reporter

    @classmethod
    def open(cls, settings: WorkerSettings) -> "Workbench":
        """Connect, load the network, and run it once, so that the first film does not wait."""
        # Films are processed side by side; OpenCV's own threads would only compete with them.
        cv2.setNumThreads(1)
        classifier = load_classifier(
            settings.model_dir or DEFAULT_ARTEFACT,
            threads=settings.threads or None,
            device=settings.device,
        )
        blank = np.zeros((64, 64), dtype=np.float32)
        classifier.infer([Radiograph(blank, InputFacts(64, 64, format="png", bits_stored=8))])
        database = Database(settings.database_url)
        return cls(
            settings=settings,
            database=database,
            store=ArtifactStore.open(settings.store_url),
            classifier=classifier,
            reporter=Reporter(
                installation=read_installation(database),
                weights_sha256=classifier.manifest.network_sha256,
                downloaded=DOWNLOADED if settings.reports else frozenset(),
                destinations=read_destinations(settings.destinations),
            ),
        )

    def announce(self, worker: str) -> None:
        """Record that this worker is ready, and its network."""
        heartbeats.announce(self.database, worker, self.classifier.manifest.to_dict())

    def run_batch(self, priorities: Iterable[Priority], *, holder: str) -> int:
        """Analyse one batch of queued items, and return its size."""
        return run_batch(
            self.database,
            self.store,
            self.classifier,
            priorities,
            settings=self.settings,
            holder=holder,
            reporter=self.reporter,
        )
