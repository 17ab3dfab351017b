"""The wheel, and the dependencies that pyproject.toml declares for it."""

import ast
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

#: Everything that the command and the gateway import, and never leave out.
GATEWAY = ("api", "cli", "client", "headers", "jobs", "telemetry")

#: Packages that need the extra `worker`.
WORKER = ("listener", "model", "reports", "worker")

#: Modules for which an extra has to be installed as well, with the extra's name.
EXTRAS = {
    "cli/prediction.py": "worker",
    "cli/preparation.py": "worker",
    "cli/training.py": "train",
    "listener": "worker",
    "model": "worker",
    "model/evaluation": "train",
    "model/export.py": "train",
    "model/labels.py": "train",
    "model/network.py": "train",
    "model/runtime/onnx_weights.py": "gpu",
    "model/runtime/torch.py": "gpu",
    "model/training": "train",
    "reports": "worker",
    "telemetry/tracing.py": "tracing",
    "worker": "worker",
    "worker/batch_trace.py": "tracing",
}


def declared(extra: str | None) -> set[NormalizedName]:
    """Return the distributions that an installation with an extra certainly has."""
    requirements = list(PROJECT["dependencies"])
    if extra is not None:
        requirements += PROJECT["optional-dependencies"][extra]
    names: set[NormalizedName] = set()
    for requirement in map(Requirement, requirements):
        if requirement.name == PROJECT["name"]:
            names |= declared("worker")
        else:
            names.add(canonicalize_name(requirement.name))
    return names


def extra_of(module: Path) -> str | None:
    path = module.relative_to(ROOT)
    for place in (path, *path.parents):
        if (extra := EXTRAS.get(str(place))) is not None:
            return extra
    return None


def imports_of(module: Path) -> set[str]:
    """Return the third-party packages that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {*GATEWAY, *WORKER}


def test_each_import_is_of_a_declared_dependency() -> None:
    owners = packages_distributions()
    undeclared = [
        f"{module.relative_to(ROOT)}: {name} (extra: {extra_of(module)})"
        for package in (*GATEWAY, *WORKER)
        for module in sorted((ROOT / package).rglob("*.py"))
        for name in sorted(imports_of(module))
        if not set(map(canonicalize_name, owners.get(name, [name]))) & declared(extra_of(module))
    ]

    assert undeclared == []


def test_the_lock_files_pin_what_is_declared() -> None:
    """A dependency that is added to pyproject.toml without `make lock` is found here."""
    files = {
        None: "gateway",
        "worker": "serve",
        "gpu": "gpu",
        "train": "train",
        "tracing": "tracing",
    }
    for extra, name in files.items():
        lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
        pinned = {
            line.partition("==")[0].partition("[")[0].lower() for line in lines if "==" in line
        }

        assert declared(extra) <= pinned, name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in the wheel."""
    [built] = WheelBuilder(str(ROOT)).build(
        directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"]
    )
    return set(zipfile.ZipFile(built).namelist())


def test_the_wheel_has_every_module(wheel: set[str]) -> None:
    modules = {
        str(module.relative_to(ROOT))
        for package in (*GATEWAY, *WORKER)
        for module in (ROOT / package).rglob("*.py")
    }

    assert modules <= wheel


@pytest.mark.parametrize(
    "file",
    [
        "model/artefacts/pneumocam/manifest.json",
        "model/artefacts/pneumocam/network.onnx",
        "model/evaluation/page.css",
        "model/evaluation/page.html.jinja",
        "frontend/dist/index.html",
    ],
)
def test_the_wheel_has_what_is_no_module(wheel: set[str], file: str) -> None:
    if not (ROOT / file).exists():
        pytest.skip(f"{file} has not been built")

    assert file in wheel
