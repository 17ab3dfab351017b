"""OpenVINO, without the usage reports that its Python package would make.

Unless somebody has opted out on this machine, importing `openvino` makes an identifier for the
user, and its conversion tools report to an analytics service by it. Films never leave the site, and
neither does word of them: the reporting package is made unimportable, and OpenVINO then takes its
own stub in its place (openvino/tools/ovc/telemetry_utils.py).
"""

import sys

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # the documented way to block

import numpy as np  # noqa: E402
import openvino  # noqa: E402

# The binding to numpy is set up at its first use, with a lock that two threads that come first at
# the same time never get out of: one has it and waits for the interpreter, the other the reverse.
openvino.Tensor(np.zeros(1, dtype=np.float32)).data  # noqa: B018

__all__ = ["openvino"]
