"""The file of sources, and the addresses that a listener may be opened on."""

from pathlib import Path

import pytest

from jobs.states import Priority
from listener.errors import ListenerRefused
from listener.settings import ListenerSettings
from listener.sources import read_sources


def settings(**others: object) -> ListenerSettings:
    return ListenerSettings.model_validate({"dicom_port": 11112, **others})


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sources.toml"
    path.write_text(text)
    return path


def test_without_a_file_everyone_on_loopback_may_send() -> None:
    sources = read_sources(settings())

    assert sources.find("127.0.0.1", "ANY") is not None
    assert sources.find("::1", "ANY") is not None


def test_the_first_source_that_matches_applies(tmp_path: Path) -> None:
    text = """
    [[source]]
    network = "10.1.0.0/16"
    calling_ae = "CR1"
    priority = "stat"

    [[source]]
    network = "10.0.0.0/8"
    """
    sources = read_sources(settings(dicom_sources=written(tmp_path, text)))

    first, second = sources.listed
    assert first.priority is Priority.STAT
    assert sources.find("10.1.2.3", "CR1") is first
    assert sources.find("::ffff:10.1.2.3", "CR1") is first
    assert sources.find("10.1.2.3", "CR2") is second
    assert sources.find("192.168.0.1", "CR1") is None
    assert sources.admit("10.9.9.9")
    assert not sources.admit("192.168.0.1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[source]]\nnetwork = "10.0.0.0/8"\n\n[[source]]\nnetwork = "10.0.0"\n', "line 5: net"),
        ('[[source]]\n# rooms\nnetwork = "10.0.0.0/8"\nae = "CR1"\n', "line 4: ae: Extra"),
        ('[[source]]\nnetwork = "10.0.0.0/8"\npriority = "urgent"\n', "line 3: priority"),
        ('[[source]]\nkey = "0123456789ab"\n', "line 1: network: Field required"),
        ("[[source]]\nnetwork = 10.0.0.0/8\n", "line 2: "),
        ('[source]\nnetwork = "10.0.0.0/8"\n', "line 1: write [[source]]"),
        ('\n[[sources]]\nnetwork = "10.0.0.0/8"\n', "line 2: 'sources' is unknown"),
        ("", "is empty"),
    ],
)
def test_a_mistake_names_its_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ListenerRefused) as refused:
        read_sources(settings(dicom_sources=written(tmp_path, text)))

    message = str(refused.value)
    assert said in message
    assert "\n" not in message
    assert message.startswith("PNEUMOCAM_DICOM_SOURCES: ")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ListenerRefused, match=r"missing\.toml: No such file"):
        read_sources(settings(dicom_sources=tmp_path / "missing.toml"))


def test_beyond_loopback_nobody_may_send_unidentified(tmp_path: Path) -> None:
    tls = {"dicom_tls_port": 2762, "dicom_tls_cert": "cert.pem", "dicom_tls_key": "key.pem"}
    others: dict[str, object] = {"dicom_host": "0.0.0.0", **tls}

    for refused in (
        {"dicom_host": "0.0.0.0"},
        {**others, "dicom_port": None},  # TLS without certificates of clients
        {**others, "dicom_tls_client_ca": "ca.pem"},  # the other port has no TLS
    ):
        with pytest.raises(ListenerRefused, match="can be reached from other machines"):
            read_sources(settings(**refused))

    by_certificate = {**others, "dicom_port": None, "dicom_tls_client_ca": "ca.pem"}
    assert read_sources(settings(**by_certificate)).admit("192.168.0.1")
    listed = written(tmp_path, '[[source]]\nnetwork = "192.168.0.0/16"\n')
    by_network = settings(dicom_sources=listed, dicom_host="0.0.0.0")
    assert read_sources(by_network).admit("192.168.0.1")
