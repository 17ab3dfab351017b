"""A disk so small that a test can fill it; mounting it needs root."""

import subprocess
from contextlib import suppress
from pathlib import Path


class SmallDisk:
    """A tmpfs at a folder."""

    def __init__(self, folder: Path, *, megabytes: int = 64) -> None:
        self.folder = folder
        self._megabytes = megabytes
        self._ballast = folder / "readiness" / "ballast"

    def mount(self) -> None:
        """Put it over the folder.

        Raises:
            subprocess.CalledProcessError: This may not be done here.
        """
        size = f"size={self._megabytes}m"
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(self.folder)],
            check=True,
            capture_output=True,
        )

    def fill(self) -> None:
        """Leave no byte free."""
        self._ballast.parent.mkdir(exist_ok=True)
        with suppress(OSError), self._ballast.open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(2**16))

    def is_full(self) -> bool:
        """Return whether the disk is filled."""
        return self._ballast.exists()

    def free(self) -> None:
        """Give back what `fill` took."""
        self._ballast.unlink(missing_ok=True)

    def unmount(self) -> None:
        """Take it away, with all that is on it."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
