"""The services of docker-compose.yml, as far as they can be held without containers."""

import re
from typing import Any

import yaml

from tests.conftest import ROOT
from worker.settings import WorkerSettings


def services() -> dict[str, Any]:
    """Each service by its name, with what it shares with others filled in."""
    described: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return dict(described["services"])


def test_the_card_is_only_asked_for_where_its_profile_is() -> None:
    asking = {name for name, service in services().items() if "deploy" in service}

    assert asking == {"worker-gpu"}
    assert services()["worker-gpu"]["profiles"] == ["gpu"]


def test_the_cards_worker_is_the_other_one_but_for_what_the_card_needs() -> None:
    on_card, on_cpu = services()["worker-gpu"], services()["worker"]

    different = {name for name in on_card if on_card[name] != on_cpu.get(name)}
    assert different == {
        "build",
        "command",
        "deploy",
        "environment",
        "mem_limit",
        "pids_limit",
        "profiles",
    }
    assert set(on_cpu) <= set(on_card)
    on_card_alone = on_card["environment"].items() - on_cpu["environment"].items()
    assert {name for name, _ in on_card_alone} == {"PNEUMOCAM_BATCH_SIZE"}
    assert on_card["environment"].keys() == on_cpu["environment"].keys()
    [device] = on_card["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}


def test_what_the_image_is_built_for_is_a_device_of_the_worker() -> None:
    built_for = services()["worker-gpu"]["build"]["args"]["DEVICE"]
    recipe = (ROOT / "Dockerfile.worker").read_text()

    assert WorkerSettings(device=built_for).device == built_for
    assert "PNEUMOCAM_DEVICE=$DEVICE" in recipe
    assert f'"$DEVICE" = {built_for} ]' in recipe


def test_every_setting_can_be_passed_on_except_what_the_images_and_secrets_settle() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    settings = {line.partition("=")[0] for line in lines if line.startswith("PNEUMOCAM_")}
    settings = {name for name in settings if not name.startswith("PNEUMOCAM_DICOM_")}
    settled = {"DATA_DIR", "DATABASE_URL", "DASHBOARD_DIR", "DEVICE", "HOST", "REDIS_URL"}

    gateway = services()["api"]
    passed_on = {name for name in gateway["environment"] if name.startswith("PNEUMOCAM_")}
    passed_on |= set(re.findall(r"\$\{(PNEUMOCAM_\w+)", str(gateway["ports"])))

    assert passed_on == settings - {f"PNEUMOCAM_{name}" for name in settled}
