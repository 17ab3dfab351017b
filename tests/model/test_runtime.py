import subprocess
import sys

from tests.conftest import ROOT


def said_by_new_process(program: str) -> list[str]:
    """The words that a program prints."""
    output = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout
    return output.split()


def test_loading_the_network_runtime_loads_no_usage_reporting() -> None:
    """In a fresh process with a fresh home, where its package would make an identifier."""
    program = (
        "import sys, model.classifier\n"
        "print(any(name.startswith('openvino_telemetry.') for name in sys.modules))\n"
        "print('openvino.tools.ovc.telemetry_stub' in sys.modules)"
    )

    assert said_by_new_process(program) == ["False", "True"]


def test_reading_films_on_the_cpu_loads_no_torch() -> None:
    program = (
        "import sys\n"
        "from worker.workbench import Workbench\n"
        "from model.classifier import load_classifier\n"
        "load_classifier()\n"
        "print('torch' in sys.modules, 'onnx' in sys.modules)"
    )

    assert said_by_new_process(program) == ["False", "False"]
