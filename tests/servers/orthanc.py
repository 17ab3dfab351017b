"""An Orthanc on loopback, without a database that outlives it."""

import json
import shutil
import subprocess
from pathlib import Path

import httpx

from tests.waiting import wait_until

BINARY = shutil.which("Orthanc", path="/usr/sbin:/usr/bin")
_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def is_installed() -> bool:
    """Return whether Orthanc and its DICOMweb plug-in are there."""
    return BINARY is not None and _PLUGIN.exists()


class Orthanc:
    """A running Orthanc, whose default configuration would listen on every address."""

    def __init__(self, folder: Path, *, http_port: int, dicom_port: int) -> None:
        self.url = f"http://127.0.0.1:{http_port}"
        self.dicom_port = dicom_port
        settings = {
            "StorageDirectory": str(folder / "storage"),
            "HttpPort": http_port,
            "HttpBindAddresses": ["127.0.0.1"],
            "DicomPort": dicom_port,
            "DicomBindAddresses": ["127.0.0.1"],
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "Plugins": [str(_PLUGIN)],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        path = folder / "orthanc.json"
        path.write_text(json.dumps(settings))
        assert BINARY is not None
        self._process = subprocess.Popen(
            [BINARY, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/system", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def instances(self) -> list[dict[str, str]]:
        """Return the main tags of all instances."""
        found = httpx.get(f"{self.url}/instances", timeout=10).json()
        get = f"{self.url}/instances/{{}}/simplified-tags"
        return [httpx.get(get.format(one), timeout=10).json() for one in found]

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
