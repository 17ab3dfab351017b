"""The Kubernetes example is made of what Kubernetes and KEDA know, and of settings that exist."""

from typing import Any

import kubernetes_validate
import pytest
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject

from api.metrics import Metrics
from api.settings import ApiSettings
from tests.conftest import ROOT
from worker.settings import WorkerSettings

FOLDER = ROOT / "docs" / "kubernetes"


def resources(name: str) -> list[dict[str, Any]]:
    """Each document of a file."""
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


@pytest.mark.parametrize("version", ["1.29", "1.37"])
def test_every_resource_is_valid(version: str) -> None:
    for resource in resources("pneumocam.yaml"):
        kubernetes_validate.validate(resource, version, strict=True)


def test_a_misspelt_field_would_be_found() -> None:
    [first, *_] = (one for one in resources("pneumocam.yaml") if one["kind"] == "Deployment")
    first["spec"]["replica"] = 2

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(first, "1.37", strict=True)


def test_the_scaled_object_is_valid_and_scales_what_there_is() -> None:
    [scaled] = resources("keda.yaml")
    known = ScaledObject.model_validate(scaled)

    # What the model does not know, it drops.
    assert known.model_dump(by_alias=True, exclude_unset=True, mode="json") == scaled
    deployed = {
        (one["kind"], one["metadata"]["name"], one["metadata"].get("namespace"))
        for one in resources("pneumocam.yaml")
    }
    target = scaled["spec"]["scaleTargetRef"]["name"]
    assert ("Deployment", target, scaled["metadata"]["namespace"]) in deployed


def test_it_scales_by_a_figure_that_is_there() -> None:
    [scaled] = resources("keda.yaml")
    [trigger] = scaled["spec"]["triggers"]
    names = {family.name for family in Metrics()._registry.collect()}

    assert "pneumocam_backlog_seconds" in names
    assert "pneumocam_backlog_seconds" in trigger["metadata"]["query"]


def test_every_setting_in_it_exists() -> None:
    settings = ApiSettings.model_fields | WorkerSettings.model_fields
    known = {f"PNEUMOCAM_{name.upper()}" for name in settings}
    text = (FOLDER / "pneumocam.yaml").read_text()
    named = {word.strip(",:}") for word in text.split() if word.startswith("PNEUMOCAM_")}

    assert named
    assert named <= known


def test_nothing_runs_as_root_or_may_write_to_its_image() -> None:
    for resource in resources("pneumocam.yaml"):
        if resource["kind"] != "Deployment":
            continue
        pod = resource["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
