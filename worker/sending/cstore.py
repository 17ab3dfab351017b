"""Sending of reports by DICOM C-STORE."""

import io

from pydicom import dcmread
from pynetdicom import AE

from jobs.deliveries.destinations import Destination
from jobs.deliveries.outbox import SendResult, Verdict
from worker.sending.statuses import dimse_verdict
from worker.sending.tls import tls_context


def send_cstore(destination: Destination, content: bytes, *, timeout_s: float) -> SendResult:
    """Send a DICOM object by C-STORE, in an association of its own."""
    dataset = dcmread(io.BytesIO(content))
    entity = AE(ae_title=destination.calling_ae)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = timeout_s
    entity.connection_timeout = timeout_s
    entity.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
    tls = (tls_context(destination), destination.host or "") if destination.tls else None
    association = entity.associate(
        destination.host or "",
        destination.port or 0,
        ae_title=destination.called_ae or "",
        tls_args=tls,
    )
    if not association.is_established:
        if association.is_rejected:
            return SendResult(Verdict.RETRY, "association_rejected")
        if association.rejected_contexts:
            return SendResult(Verdict.OTHER_KIND, "sop_class_refused")
        return SendResult(Verdict.RETRY, "not_connected")
    try:
        if not association.accepted_contexts:
            return SendResult(Verdict.OTHER_KIND, "sop_class_refused")
        answer = association.send_c_store(dataset)
    finally:
        association.release()
    status = answer.get("Status")
    if status is None:
        return SendResult(Verdict.RETRY, "no_answer")
    return SendResult(dimse_verdict(int(status)), f"dimse_{int(status):04x}")
