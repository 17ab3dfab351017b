"""The listener, assembled: its ports, its application entity, and its end."""

import contextlib
import ssl
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, cast

import structlog
from pynetdicom import AE, _config, evt

from jobs.artifacts.store import ArtifactStore
from jobs.queue.courier import WorkQueue
from jobs.queue.reception import Reception
from jobs.record.database import Database
from listener.contexts import accepted_contexts
from listener.errors import ListenerRefused
from listener.guard import GuardedAssociation, GuardedServer, Limits
from listener.metrics import Connection, Metrics
from listener.places import Places
from listener.settings import ListenerSettings
from listener.sources import Sources, read_sources
from listener.storage import StorageService

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynetdicom.pdu_primitives import A_ASSOCIATE

log = structlog.get_logger()

#: Folder, in the data folder, of objects that are being received.
_RECEIVING = "receiving"


class Listener:
    """The DICOM ports of one process."""

    def __init__(self, settings: ListenerSettings, *, limits: Limits | None = None) -> None:
        """Bind the ports and migrate the database; connections are served from `start` on.

        Args:
            settings: At least one port is set.
            limits: Limits of a connection; None for the usual ones.

        Raises:
            ListenerRefused: A setting, the file of sources or a certificate is invalid, or a port
                cannot be used.
        """
        if settings.dicom_port is None and settings.dicom_tls_port is None:
            raise ListenerRefused("set PNEUMOCAM_DICOM_PORT or PNEUMOCAM_DICOM_TLS_PORT")
        self._settings = settings
        self._sources = read_sources(settings)
        self._database = Database(settings.database_url)
        self._database.migrate()
        self.metrics = Metrics()
        reception = Reception(
            settings=settings,
            database=self._database,
            store=ArtifactStore.open(settings.store_url),
            queue=WorkQueue(settings.redis_url),
        )
        self._storage = StorageService(reception, self._sources, self.metrics)
        self._require_valid_keys(self._sources)
        _configure_pynetdicom(settings.data_dir / _RECEIVING)
        self._limits = limits or Limits(settings.max_upload_bytes)
        self._servers = self._bind()

    @property
    def ports(self) -> list[int]:
        """The ports that are listened on: without TLS first."""
        return [int(server.server_address[1]) for server in self._servers]

    def start(self) -> None:
        """Serve connections, and the metrics if they have a port, in threads."""
        if self._settings.dicom_metrics_port is not None:
            self.metrics.serve(self._settings.dicom_metrics_port)
        for server in self._servers:
            threading.Thread(
                target=server.serve_forever, args=(0.1,), name="dicom-port", daemon=True
            ).start()
        log.info("dicom_listening", host=self._settings.dicom_host, ports=self.ports)

    def stop(self) -> None:
        """Accept no further connections, and end those that are open.

        An object that was not answered is sent again by its sender.
        """
        for server in self._servers:
            server.stop()
        self._database.close()

    def _bind(self) -> list[GuardedServer]:
        settings = self._settings
        application = AE(settings.dicom_ae_title)
        application.maximum_associations = 2 * settings.dicom_connections  # bounded by `Places`
        contexts, places = accepted_contexts(), Places(settings.dicom_connections)
        handlers: dict[evt.EventType, Callable[[evt.Event], object]] = {
            evt.EVT_REQUESTED: self._check_source,
            evt.EVT_C_ECHO: self._echo,
            evt.EVT_C_STORE: self._storage.store,
        }
        ports = [(settings.dicom_port, None), (settings.dicom_tls_port, _tls_context(settings))]
        servers: list[GuardedServer] = []
        for port, tls in ports:
            if port is None:
                continue
            try:
                server = GuardedServer(
                    application,
                    (settings.dicom_host, port),
                    contexts,
                    handlers=handlers,
                    admit=self._sources.admit,
                    places=places,
                    limits=self._limits,
                    metrics=self.metrics,
                    tls=tls,
                )
            except OSError as exc:
                raise ListenerRefused(
                    f"port {port} on {settings.dicom_host} cannot be used ({exc.strerror})"
                ) from exc
            servers.append(server)
        return servers

    def _require_valid_keys(self, sources: Sources) -> None:
        for source in sources.listed:
            if self._storage.caller_of(source) is None:
                raise ListenerRefused(
                    f"PNEUMOCAM_DICOM_SOURCES: there is no valid key {source.key} with the scope "
                    "submit; see `pneumocam keys list`"
                )

    def _check_source(self, event: evt.Event) -> None:
        """Reject an association whose calling AE title is in no source of its address."""
        association = cast("GuardedAssociation", event.assoc)
        request = cast("A_ASSOCIATE", association.requestor.primitive)
        title = (request.calling_ae_title or "").strip()
        source = self._sources.find(str(association.requestor.address), title)
        if source is None or self._storage.caller_of(source) is None:
            association.note(Connection.AE_REFUSED)
            # Permanent, by the service user, calling AE title not recognised (PS3.8 9.3.4).
            association.acse.send_reject(0x01, 0x01, 0x03)
            association.is_rejected = True
            association.kill()

    def _echo(self, event: evt.Event) -> int:
        del event
        self.metrics.note_echo()
        return 0x0000


def _configure_pynetdicom(folder: Path) -> None:
    """Let pynetdicom write objects to files of a folder, and log nothing of their content."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():  # of a listener that was killed
        with contextlib.suppress(FileNotFoundError):
            left.unlink()
    # pynetdicom leaves the folder to `tempfile`.
    tempfile.tempdir = str(folder)
    _config.STORE_RECV_CHUNKED_DATASET = True
    _config.LOG_HANDLER_LEVEL = "none"


def _tls_context(settings: ListenerSettings) -> ssl.SSLContext | None:
    """Return the TLS context (BCP 195: TLS 1.2 and later); None without a TLS port.

    Raises:
        ListenerRefused: A certificate or the key cannot be read.
    """
    if settings.dicom_tls_port is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    assert settings.dicom_tls_cert is not None  # checked by the settings
    try:
        context.load_cert_chain(settings.dicom_tls_cert, settings.dicom_tls_key)
        if settings.dicom_tls_client_ca is not None:
            context.load_verify_locations(settings.dicom_tls_client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as exc:  # ssl.SSLError is one
        reason = exc.strerror or "not PEM"
        raise ListenerRefused(f"the TLS certificate, key or CA cannot be read: {reason}") from exc
    return context
