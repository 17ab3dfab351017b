"""The listener's process: from its settings to its last connection."""

import signal
import sys
import threading

from listener.errors import ListenerRefused
from listener.service import Listener
from listener.settings import ListenerSettings
from telemetry.logs import configure_logs
from telemetry.tracing import begin_tracing, end_tracing


def run() -> None:
    """Serve the DICOM ports until SIGINT or SIGTERM.

    A listener that cannot start says why in one line and exits with status 2.
    """
    configure_logs()
    begin_tracing("pneumocam-dicom")
    try:
        listener = Listener(ListenerSettings())
    except ListenerRefused as refused:
        sys.stderr.write(f"pneumocam: {refused}.\n")
        sys.exit(2)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    listener.start()
    stopping.wait()
    listener.stop()
    end_tracing()
