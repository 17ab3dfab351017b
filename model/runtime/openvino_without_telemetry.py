"""OpenVINO without its usage reports. Import OpenVINO only from here.

OpenVINO's Python package depends on `openvino-telemetry`. Unless the user has opted out, importing
`openvino` creates an identifier for the user, and the conversion tools report to an analytics
service under it. PneumoCAM sends nothing to third parties, so this module blocks the import of
`openvino_telemetry`; OpenVINO then falls back to a stub (openvino/tools/ovc/telemetry_utils.py).
"""

import sys

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # the documented way to block

import numpy as np  # noqa: E402 - only after the line above
import openvino  # noqa: E402 - only after the line above

# OpenVINO sets up its binding to numpy at the first use, under a lock. Two threads that do so at
# the same time deadlock: one holds that lock and waits for the interpreter's, the other holds the
# interpreter's and waits for that lock.
openvino.Tensor(np.zeros(1, dtype=np.float32)).data  # noqa: B018 - for its effect

__all__ = ["openvino"]
