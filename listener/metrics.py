"""The listener's metrics for Prometheus. Labels are closed sets without names and addresses."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

#: Buckets in seconds, from a small film on a local disk to a large one on a slow bucket.
_STORE_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Connection(StrEnum):
    """Fate of a connection."""

    SERVED = "served"  # released or ended by the peer
    NETWORK_REFUSED = "network_refused"  # the address is in no source's network
    NO_PLACE = "no_place"
    TLS_FAILED = "tls_failed"  # or not complete in time
    AE_REFUSED = "ae_refused"  # the calling AE title is in no source of the address
    TOO_LONG = "too_long"  # a PDU or a message over its limit
    TOO_SLOW = "too_slow"  # a PDU did not arrive in time
    PROTOCOL_ERROR = "protocol_error"


class Outcome(StrEnum):
    """Fate of a stored object."""

    FILM = "film"
    REPEATED = "repeated"  # sent before, and kept from then
    OTHER_CLASS = "other_class"  # discarded, as the next two
    OWN_RESULT = "own_result"
    NO_FILM = "no_film"
    UNREADABLE = "unreadable"
    MISMATCH = "mismatch"  # the data set is another object than the request names
    FULL = "full"  # the store, the service or the owner's limit
    UNAVAILABLE = "unavailable"  # the database, or the source's key has ended


class Metrics:
    """Counters of one listener."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._connections = Counter(
            "pneumocam_dicom_connections",
            "Connections that ended, by their fate.",
            ["fate"],
            registry=registry,
        )
        self._open = Gauge(
            "pneumocam_dicom_open_connections", "Connections that are open.", registry=registry
        )
        self._objects = Counter(
            "pneumocam_dicom_objects",
            "Objects received by C-STORE, by outcome.",
            ["outcome"],
            registry=registry,
        )
        self._store_s = Histogram(
            "pneumocam_dicom_store_seconds",
            "From an object's last byte to its answer.",
            buckets=_STORE_S,
            registry=registry,
        )
        self._echoes = Counter("pneumocam_dicom_echoes", "C-ECHO requests.", registry=registry)

    def serve(self, port: int) -> None:
        """Serve the metrics on a port of 127.0.0.1."""
        start_http_server(port, addr="127.0.0.1", registry=self._registry)

    def note_connection(self, fate: Connection) -> None:
        """Count a connection that ended."""
        self._connections.labels(fate).inc()

    def note_open(self, number: int) -> None:
        """Note the number of open connections."""
        self._open.set(number)

    def note_object(self, outcome: Outcome, elapsed_s: float) -> None:
        """Count an object."""
        self._objects.labels(outcome).inc()
        self._store_s.observe(elapsed_s)

    def note_echo(self) -> None:
        """Count a C-ECHO."""
        self._echoes.inc()

    def count(self, fate: Connection | Outcome) -> int:
        """Return the number of connections or objects of one fate, for tests and the last log."""
        name = "connections" if isinstance(fate, Connection) else "objects"
        label = "fate" if isinstance(fate, Connection) else "outcome"
        value = self._registry.get_sample_value(f"pneumocam_dicom_{name}_total", {label: fate})
        return int(value or 0)
