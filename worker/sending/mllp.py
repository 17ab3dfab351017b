"""Sending of HL7 v2 messages by the Minimal Lower Layer Protocol."""

import socket

from jobs.deliveries.destinations import Destination
from jobs.deliveries.outbox import SendResult, Verdict
from worker.sending.tls import tls_context

_START, _END = b"\x0b", b"\x1c\r"

#: Bytes of an acknowledgement that are read at most.
_LONGEST_ANSWER = 64 * 1024

_VERDICTS = {
    "AA": Verdict.DELIVERED,
    "CA": Verdict.DELIVERED,
    "AR": Verdict.GIVE_UP,
    "CR": Verdict.GIVE_UP,
}


def send_mllp(destination: Destination, content: bytes, *, timeout_s: float) -> SendResult:
    """Send a message, and wait for its acknowledgement.

    Raises:
        OSError: The peer cannot be reached, or breaks off.
    """
    address = (destination.host or "", destination.port or 0)
    with socket.create_connection(address, timeout=timeout_s) as plain:
        if not destination.tls:
            return _exchange(plain, content)
        context = tls_context(destination)
        with context.wrap_socket(plain, server_hostname=destination.host) as secured:
            return _exchange(secured, content)


def _exchange(connection: socket.socket, content: bytes) -> SendResult:
    connection.sendall(_START + content + _END)
    answer = b""
    while _END not in answer and len(answer) < _LONGEST_ANSWER:
        received = connection.recv(4096)
        if not received:
            break
        answer += received
    return _acknowledged(answer, control_id=_field(content, b"MSH", 9))


def _acknowledged(answer: bytes, *, control_id: str) -> SendResult:
    code = _field(answer, b"MSA", 1)
    if not code:
        return SendResult(Verdict.RETRY, "mllp_no_acknowledgement")
    if _field(answer, b"MSA", 2) != control_id:
        return SendResult(Verdict.RETRY, "mllp_other_message")
    status = f"mllp_{code.lower()}" if code.isalpha() and len(code) == 2 else "mllp_unknown"
    return SendResult(_VERDICTS.get(code, Verdict.RETRY), status)


def _field(message: bytes, segment: bytes, position: int) -> str:
    """Return a field of a segment by its place between bars; "" if there is none."""
    for line in message.strip(_START + _END).split(b"\r"):
        fields = line.split(b"|")
        if fields[0] == segment and len(fields) > position:
            return fields[position].decode("ascii", "replace").strip()
    return ""
