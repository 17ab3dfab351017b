"""Settings and their description."""

from pathlib import Path

import pytest

from api.settings import ApiSettings
from jobs.settings import ServiceSettings
from listener.settings import ListenerSettings
from tests.conftest import ROOT
from worker.settings import WorkerSettings


def _documented() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    settings = [line for line in lines if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in settings)


def test_every_setting_is_in_the_example_and_nothing_else() -> None:
    fields = ApiSettings.model_fields | WorkerSettings.model_fields | ListenerSettings.model_fields

    assert set(_documented()) == {f"PNEUMOCAM_{name.upper()}" for name in fields}


def test_the_example_shows_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the example changes nothing but the two paths it shortens."""
    shortened = {"dashboard_dir", "data_dir", "store_url", "database_url"}
    plain = (ApiSettings(), WorkerSettings(), ListenerSettings())
    for name, value in _documented().items():
        monkeypatch.setenv(name, value)
    from_example = (ApiSettings(), WorkerSettings(), ListenerSettings())

    for one, other in zip(plain, from_example, strict=True):
        assert one.model_dump(exclude=shortened) == other.model_dump(exclude=shortened)


def test_a_setting_may_be_a_file_and_a_variable_goes_before_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pneumocam_database_url").write_text("postgresql://films:s3cret@host/films\n")
    (tmp_path / "pneumocam_redis_url").write_text("redis://:s3cret@host/0")
    monkeypatch.setattr("jobs.settings._SECRETS", tmp_path)
    monkeypatch.setenv("PNEUMOCAM_REDIS_URL", "redis://other/0")

    for settings in (ApiSettings(), WorkerSettings()):
        assert settings.database_url == "postgresql://films:s3cret@host/films"
        assert settings.redis_url == "redis://other/0"


def test_the_data_folder_holds_what_has_no_place_of_its_own(tmp_path: Path) -> None:
    settings = ServiceSettings(data_dir=tmp_path)

    assert settings.database_url == f"sqlite:///{tmp_path}/pneumocam.db"
    assert settings.store_url == str(tmp_path / "artifacts")


def test_a_socket_of_redis_may_be_named_in_either_way() -> None:
    """Celery and redis-py spell its scheme differently."""
    urls = {
        ServiceSettings(redis_url=f"{scheme}:///run/redis.sock").redis_url
        for scheme in ("unix", "redis+socket")
    }

    assert urls == {"redis+socket:///run/redis.sock"}
