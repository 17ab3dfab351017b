"""Guarded DICOM connections: bounded lengths, deadlines, and places, around pynetdicom.

pynetdicom by itself reads a PDU of any length into memory, waits for the rest of a PDU without an
end, and completes TLS handshakes in the thread that accepts connections.
"""

import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from socketserver import TCPServer
from typing import TYPE_CHECKING, Final, cast

import structlog
from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.association import Association
from pynetdicom.fsm import InvalidEventError, StateMachine
from pynetdicom.transport import AddressInformation, AssociationServer, AssociationSocket

from listener.metrics import Connection, Metrics
from listener.places import Places

if TYPE_CHECKING:
    from pynetdicom.ae import ApplicationEntity
    from pynetdicom.pdu_primitives import A_ABORT
    from pynetdicom.presentation import PresentationContext

log = structlog.get_logger()

#: Bytes of an A-ASSOCIATE request: 128 contexts with 30 transfer syntaxes each have some 40 KB.
MAX_ASSOCIATE_BYTES: Final = 64 * 1024

#: Bytes of a later PDU; the length that peers are told.
MAX_PDU_BYTES: Final = 256 * 1024

#: Bytes of a message that stay in memory: its command set, and data sets that are not stored.
_MAX_IN_MEMORY_BYTES: Final = 128 * 1024

#: Messages that wait for their answer. A peer that sends on without answers is read no further.
_MAX_WAITING_MESSAGES: Final = 2

#: State of a connection that waits for the A-ASSOCIATE request (PS3.8 section 9.2).
_AWAITING_ASSOCIATION: Final = "Sta2"

#: A-ASSOCIATE-RJ: transient, by the presentation layer, local limit exceeded (PS3.8 9.3.4).
_LOCAL_LIMIT: Final = b"\x03\x00\x00\x00\x00\x04\x00\x02\x03\x02"

#: Seconds in which the threads of an ended connection must stop.
_STOP_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one connection.

    Attributes:
        message_bytes: Bytes of a stored object.
        read_s: Seconds in which a PDU must arrive after its first byte, and an answer be taken.
        associate_s: Seconds in which the A-ASSOCIATE request must arrive.
        handshake_s: Seconds of a TLS handshake.
        idle_s: Seconds between two PDUs.
    """

    message_bytes: int
    read_s: float = 20.0
    associate_s: float = 10.0
    handshake_s: float = 5.0
    idle_s: float = 60.0


class _TooLong(OSError):
    """A PDU or a message is longer than its limit."""


class _GuardedSocket(AssociationSocket):
    """A connection that is read within the limits."""

    def __init__(
        self, association: "GuardedAssociation", connection: socket.socket, limits: Limits
    ) -> None:
        super().__init__(association, client_socket=connection)
        self._association = association
        self._limits = limits
        connection.settimeout(limits.read_s)

    @property
    def ready(self) -> bool:
        """True if the connection can be read and the peer waits for its answers."""
        if self.assoc.dimse.msg_queue.qsize() >= _MAX_WAITING_MESSAGES:
            return False
        return super().ready

    def recv(self, nr_bytes: int) -> bytearray:
        """Return the next bytes; fewer if the peer closes the connection.

        Raises:
            OSError: The length exceeds its limit, or the bytes did not arrive in time.
        """
        try:
            received = self._receive(nr_bytes)
        except _TooLong:
            self._give_up(Connection.TOO_LONG)
            raise
        except TimeoutError:
            self._give_up(Connection.TOO_SLOW)
            raise
        except OSError:
            self._give_up(Connection.SERVED)
            raise
        if len(received) < nr_bytes:
            self._give_up(Connection.SERVED)
        return received

    def _receive(self, length: int) -> bytearray:
        self._check_length(length)
        connection = cast("socket.socket", self.socket)
        deadline = time.monotonic() + self._limits.read_s
        buffer, received = bytearray(length), 0
        with memoryview(buffer) as view:
            while received < length:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    raise TimeoutError
                connection.settimeout(left_s)
                count = connection.recv_into(view[received:])
                if not count:
                    break
                received += count
        connection.settimeout(self._limits.read_s)
        del buffer[received:]
        return buffer

    def _check_length(self, length: int) -> None:
        """Refuse a length before anything of it is read."""
        if length > (MAX_ASSOCIATE_BYTES if self._awaits_association() else MAX_PDU_BYTES):
            raise _TooLong
        message = self.assoc.dimse.message
        if message is None:
            return
        in_memory = message.encoded_command_set.tell()
        if message._data_set_file is not None:  # noqa: SLF001 - pynetdicom has no public name
            if message._data_set_file.file.tell() > self._limits.message_bytes:  # noqa: SLF001 - as above
                raise _TooLong
        elif message.data_set is not None:
            in_memory += message.data_set.tell()
        if in_memory > _MAX_IN_MEMORY_BYTES:
            raise _TooLong

    def _awaits_association(self) -> bool:
        return self.assoc.dul.state_machine.current_state == _AWAITING_ASSOCIATION

    def _give_up(self, fate: Connection) -> None:
        self._association.note(fate)
        if self._awaits_association():
            # The association's thread waits for a request that will not come.
            self._association.wake()


class _GuardedStateMachine(StateMachine):
    """A state machine that ends the connection at a PDU that has no place in its state."""

    def do_action(self, event: str) -> None:
        """Execute the action of an event."""
        try:
            super().do_action(event)
        except InvalidEventError:
            association = cast("GuardedAssociation", self.dul.assoc)
            association.note(Connection.PROTOCOL_ERROR)
            association.wake()
            self.dul.kill_dul()


class GuardedAssociation(Association):
    """An association whose errors end it alone, and that leaves no file behind."""

    def __init__(self, server: "GuardedServer", connection: socket.socket, peer: object) -> None:
        super().__init__(server.ae, MODE_ACCEPTOR)
        self.fate = Connection.SERVED
        self._server = server
        # pynetdicom finds the associations of a server by this name.
        self.name = f"AcceptorThread@{id(self)}"
        self.dul.daemon = True
        self.dul.state_machine = _GuardedStateMachine(self.dul)
        self.network_timeout = server.limits.idle_s
        self.acse_timeout = server.limits.associate_s
        self.set_socket(_GuardedSocket(self, connection, server.limits))
        self.acceptor.maximum_length = MAX_PDU_BYTES
        self.acceptor.ae_title = server.ae_title
        self.acceptor.address_info = AddressInformation.from_tuple(server.server_address)
        self.acceptor.implementation_class_uid = server.ae.implementation_class_uid
        self.acceptor.implementation_version_name = server.ae.implementation_version_name
        # Not copied: negotiation reads them only.
        self.acceptor.supported_contexts = server.contexts
        self.requestor.address_info = AddressInformation.from_tuple(cast("tuple[str, int]", peer))
        for event, handler in server.handlers.items():
            self.bind(event, handler)

    def note(self, fate: Connection) -> None:
        """Note why the connection ends; the first reason counts."""
        if self.fate is Connection.SERVED:
            self.fate = fate

    def wake(self) -> None:
        """End the wait for a primitive that will not come."""
        ended = cast("A_ABORT", None)  # what a wait gets that has timed out
        self.dul.to_user_queue.put(ended)

    def run_reactor(self) -> None:
        """Run until the association ends."""
        try:
            super().run_reactor()
        except Exception as exc:
            # A peer's message ends its own connection and nothing else.
            self.note(Connection.PROTOCOL_ERROR)
            log.warning("dicom_association_failed", exc_info=exc)

    def clean_up(self) -> None:
        """Stop what still runs, and remove the files of messages that were not answered."""
        self.dul.kill_dul()
        self.dul.join(_STOP_S)
        messages = [self.dimse.message, *(message for _, message in self.dimse.msg_queue.queue)]
        for message in messages:
            # Messages that are incomplete and those that wait name them differently.
            for prefix in ("_data_set", "_dataset"):
                file = getattr(message, f"{prefix}_file", None)
                path = getattr(message, f"{prefix}_path", None)
                if file is not None:
                    file.close()
                if path is not None:
                    path.unlink(missing_ok=True)


class GuardedServer(AssociationServer):
    """A port of the listener. Each connection has a thread of its own from its first byte on."""

    def __init__(
        self,
        ae: "ApplicationEntity",
        address: tuple[str, int],
        contexts: "list[PresentationContext]",
        *,
        handlers: dict[evt.EventType, Callable[[evt.Event], object]],
        admit: Callable[[str], bool],
        places: Places,
        limits: Limits,
        metrics: Metrics,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Bind the port.

        Args:
            ae: pynetdicom's application entity.
            address: Host and port.
            contexts: Presentation contexts to accept.
            handlers: Handlers of pynetdicom's events.
            admit: Returns True if an address may connect.
            places: Places shared by all ports.
            limits: Limits of one connection.
            metrics: Counters of connections.
            tls: Context of the TLS port; None for a port without TLS.

        Raises:
            OSError: The port cannot be used.
        """
        self.handlers = handlers
        self.limits = limits
        self._admit = admit
        self._places = places
        self._metrics = metrics
        self._tls = tls
        super().__init__(ae, address, ae.ae_title, contexts)

    def stop(self) -> None:
        """Accept no further connections, and abort the open ones."""
        # `AssociationServer.shutdown` would also look for the server in a list of its AE.
        TCPServer.shutdown(self)
        self.server_close()
        for association in self.active_associations:
            association.abort(block=False)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept a connection without its TLS handshake."""
        connection, address = cast("socket.socket", self.socket).accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    # The signatures below are socketserver's, whose requests may be datagrams.
    def verify_request(self, request: object, client_address: object) -> bool:
        """Return True if the peer's address may connect and a place is free for it."""
        address = cast("tuple[str, int]", client_address)[0]
        if not self._admit(address):
            self._note_refusal(Connection.NETWORK_REFUSED, address)
            return False
        if not self._places.take(address):
            self._note_refusal(Connection.NO_PLACE, address)
            if self._tls is None:
                connection = cast("socket.socket", request)
                connection.setblocking(False)
                try:
                    connection.send(_LOCAL_LIMIT)
                except OSError:
                    log.debug("dicom_refusal_not_sent")
            return False
        self._metrics.note_open(self._places.held)
        return True

    def process_request(self, request: object, client_address: object) -> None:
        """Serve a connection in a thread of its own."""
        connection = cast("socket.socket", request)
        peer = cast("tuple[str, int]", client_address)
        thread = threading.Thread(
            target=self._serve, args=(connection, peer), name="dicom-connection", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            self._end(connection, peer)
            raise

    def handle_error(self, request: object, client_address: object) -> None:
        """Log an error of the accepting thread; socketserver would print it."""
        del request, client_address
        log.error("dicom_connection_not_served", exc_info=sys.exc_info()[1])

    def _serve(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        fate = Connection.PROTOCOL_ERROR
        try:
            fate = self._serve_association(connection, peer)
        except OSError:
            # Of the handshake: of a peer that is silent, speaks no TLS, or has no certificate.
            fate = Connection.TLS_FAILED
        finally:
            self._end(connection, peer)
            self._metrics.note_connection(fate)
            if fate is not Connection.SERVED:
                log.warning("dicom_connection_ended", fate=fate, peer=peer[0])

    def _serve_association(self, connection: socket.socket, peer: tuple[str, int]) -> Connection:
        if self._tls is not None:
            connection.settimeout(self.limits.handshake_s)
            connection = self._tls.wrap_socket(connection, server_side=True)
        association = GuardedAssociation(self, connection, peer)
        try:
            association.start()
            association.join()
        finally:
            association.clean_up()
            self.shutdown_request(connection)
        return association.fate

    def _end(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        self.shutdown_request(connection)
        self._places.release(peer[0])
        self._metrics.note_open(self._places.held)

    def _note_refusal(self, fate: Connection, address: str) -> None:
        self._metrics.note_connection(fate)
        log.warning("dicom_connection_ended", fate=fate, peer=address)
