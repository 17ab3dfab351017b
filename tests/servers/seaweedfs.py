"""A real S3 server for the tests: SeaweedFS, in one process, on a folder."""

import json
import shutil
import sys
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from tests.servers.process import ServerProcess
from tests.service.conftest import free_port

_PARTS = ("master", "volume", "filer", "s3")


class SeaweedServer(ServerProcess):
    """An S3 server that tests may kill and start again; what it stored is then still there."""

    def __init__(self, folder: Path) -> None:
        """Start nothing yet.

        Raises:
            FileNotFoundError: SeaweedFS is not installed.
        """
        beside = Path(sys.executable).parent / "weed"
        binary = str(beside) if beside.exists() else shutil.which("weed")
        if binary is None:
            raise FileNotFoundError("no SeaweedFS (weed) is installed")
        super().__init__()
        self._folder = folder
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        #: What a process must find in its environment to use the bucket.
        self.environment = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "films",
            "AWS_SECRET_ACCESS_KEY": "s3cret",
        }
        who = {
            "name": "films",
            "credentials": [{"accessKey": "films", "secretKey": "s3cret"}],
            "actions": ["Admin"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [who]}))
        ports = {part: free_port() for part in _PARTS} | {"s3": port}
        self._command = [binary, "server", "-s3", f"-dir={folder}", f"-s3.config={folder}/s3.json"]
        self._command += ["-ip=127.0.0.1", "-master.volumeSizeLimitMB=64", "-volume.max=1000"]
        self._command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
        # By itself it stops to write when a hundredth of the disk is left, however much that is.
        self._command += ["-volume.minFreeSpace=100MiB"]
        for part in _PARTS:
            self._command += [f"-{part}.port={ports[part]}", f"-{part}.port.grpc={free_port()}"]

    def start(self) -> None:
        """Start it and wait until it takes an object."""
        store = self.store("starting")

        def ask() -> None:
            # The server makes a bucket when something is first put into it.
            obstore.put(store, "probe", b"ok")

        self._start(self._command, ask, unless=BaseError, log=self._folder / "weed.log")

    def store(self, bucket: str) -> S3Store:
        """A client of a bucket, which is not the service's own."""
        return S3Store(
            bucket,
            endpoint=self.url,
            region="us-east-1",
            access_key_id="films",
            secret_access_key="s3cret",
            client_options={"allow_http": True},
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=5)},
        )
