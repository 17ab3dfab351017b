"""Access to the data folder: for the service's account alone."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import typer

#: Of the entries of a data folder that the service makes.
_OWN_NAMES = ("artifacts", "logs", ".probe", "pneumocam.db", "receiving", "tmp")


def create_files_privately() -> None:
    """Let this process and its children create folders with mode 0700 and files with 0600."""
    os.umask(0o077)


def close_to_others(data_dir: Path) -> None:
    """Take all rights of other accounts from a data folder of an earlier version.

    The folder itself is left as it is if it holds something that is not the service's, such as
    /srv. Films in `artifacts` keep their modes, because nobody can enter their folder any more:
    with a million films the start would take minutes. What cannot be changed, such as a volume of
    another account, is reported in one line and does not prevent the start: the service was as
    open before.
    """
    for path in _open_to_others(data_dir):
        mode = stat.S_IMODE(path.stat().st_mode)
        try:
            path.chmod(mode & ~0o077)
        except OSError as exc:
            typer.echo(
                f"pneumocam: other accounts may use {path} (mode {mode:04o}), and it cannot be "
                f"changed ({exc.strerror}). Give it to this account, or take their rights away.",
                err=True,
            )


def _open_to_others(data_dir: Path) -> Iterator[Path]:
    if not data_dir.is_dir():
        return
    entries = list(data_dir.iterdir())
    paths = [data_dir / "artifacts", data_dir / "logs"]
    paths += [*data_dir.glob("pneumocam.db*"), *data_dir.glob("logs/*.log")]
    if all(entry.name.startswith(_OWN_NAMES) for entry in entries):
        paths.append(data_dir)
    for path in paths:
        if not path.is_symlink() and path.exists() and path.stat().st_mode & 0o077:
            yield path
