"""The help of every command."""

import re
import tomllib
from collections.abc import Iterator

import typer
from typer.testing import CliRunner

from cli.main import app
from tests.conftest import ROOT


def parameters(command: object, name: str) -> Iterator[tuple[str, object]]:
    """Yield each option and argument of a command and its subcommands, with the command's name."""
    for subname, subcommand in getattr(command, "commands", {}).items():
        yield from parameters(subcommand, f"{name} {subname}")
    for parameter in getattr(command, "params", []):
        yield name, parameter


def all_parameters() -> list[tuple[str, object]]:
    return list(parameters(typer.main.get_command(app), "pneumocam"))


def test_every_option_and_argument_is_explained() -> None:
    unexplained = [
        f"{command}: {parameter}"
        for command, parameter in all_parameters()
        if not getattr(parameter, "help", None)
    ]

    assert len(all_parameters()) > 40
    assert unexplained == []


def test_no_option_negates_a_negation() -> None:
    names = {
        name
        for _, parameter in all_parameters()
        for attribute in ("opts", "secondary_opts")
        for name in getattr(parameter, attribute)
    }

    assert {"--no-validation-fold", "--no-gallery", "--keep-best"} <= names
    assert not [name for name in names if name.startswith("--no-no-")]


def test_the_version_is_that_of_the_latest_release() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    released = re.findall(r"^## (\d+\.\d+\.\d+) ", changelog, re.MULTILINE)[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    shown = CliRunner().invoke(app, ["--version"])

    assert project["version"] == released
    assert shown.output == f"pneumocam {released}\n"
