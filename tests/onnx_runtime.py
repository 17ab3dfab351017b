"""ONNX Runtime, to compare with, without the usage reports that it makes unless told not to.

Since 1.29 its packages for Linux collect by default, and look at this variable when they are
loaded (`Privacy.md` in the package, decision 5). The service does not have it.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime  # type: ignore[import-untyped]  # ships no types
import onnxruntime.quantization.shape_inference  # type: ignore[import-untyped]  # ships no types

quantization = onnxruntime.quantization

__all__ = ["onnxruntime", "quantization"]
