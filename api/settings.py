"""The gateway's settings."""

import ipaddress
from pathlib import Path

from pydantic import Field

from jobs.settings import ServiceSettings


class ApiSettings(ServiceSettings):
    """What the gateway reads on top of what every process does."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    #: Serve anyone who can connect, without a key. Only where something in front decides who may.
    open_access: bool = False
    #: The built dashboard; where it is missing, only the API is served.
    dashboard_dir: Path = Path(__file__).parent.parent / "frontend" / "dist"
    #: Films in one request.
    max_files: int = Field(500, ge=1)
    max_upload_bytes: int = Field(100 * 2**20, ge=1)
    #: The whole body of one request.
    max_request_bytes: int = Field(2 * 2**30, ge=1)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address that the gateway listens on."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
