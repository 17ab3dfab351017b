import os
import platform
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = (
    "numpy",
    "pillow",
    "pydicom",
    "simplejpeg",
    "python-gdcm",
    "pyjpegls",
    "pylibjpeg-openjpeg",
    "opencv-python-headless",
)


def describe_machine() -> str:
    """Return two lines that describe the machine and the libraries."""
    processor = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            processor = line.split(":", maxsplit=1)[1].strip()
            break
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    load = os.getloadavg()[0]
    return (
        f"{processor}, {os.cpu_count()} cores, load {load:.1f}, "
        f"Python {platform.python_version()}\n{libraries}"
    )
