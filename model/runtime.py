"""OpenVINO, without the usage reports that its Python package would make.

Unless somebody has opted out on this machine, importing `openvino` makes an identifier for the
user, and its conversion tools report to an analytics service by it. Films never leave the site, and
neither does word of them: the reporting package is made unimportable, and OpenVINO then takes its
own stub in its place (openvino/tools/ovc/telemetry_utils.py).
"""

import sys

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # the documented way to block

import openvino  # noqa: E402

__all__ = ["openvino"]
