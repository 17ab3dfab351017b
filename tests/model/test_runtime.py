import subprocess
import sys

from tests.conftest import ROOT


def test_loading_the_network_runtime_loads_no_usage_reporting() -> None:
    """In a fresh process with a fresh home, where its package would make an identifier."""
    program = (
        "import sys, model.classifier\n"
        "print(any(name.startswith('openvino_telemetry.') for name in sys.modules))\n"
        "print('openvino.tools.ovc.telemetry_stub' in sys.modules)"
    )

    output = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout

    assert output.split() == ["False", "True"]


def test_reading_films_on_the_cpu_loads_no_torch() -> None:
    program = (
        "import sys\n"
        "from worker.workbench import Workbench\n"
        "from model.classifier import load_classifier\n"
        "load_classifier()\n"
        "print('torch' in sys.modules, 'onnx' in sys.modules)"
    )

    output = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout

    assert output.split() == ["False", "False"]
