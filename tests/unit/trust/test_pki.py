from __future__ import annotations

import datetime as dt
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.clock import ManualClock
from connector.errors import ConfigError
from connector.trust import codes
from connector.trust.inventory import WARNING_DAYS, list_certificates
from connector.trust.keys import SigningKey
from connector.trust.pki import DevPki, new_dev_pki
from connector.trust.registry import Trust, load_trust


def test_only_the_owner_can_read_it(pki: DevPki) -> None:
    """Files are 0600 and directories 0700, authorities' keys included."""
    for path in (pki.directory, *pki.directory.rglob("*")):
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path


def test_it_never_overwrites(pki: DevPki, clock: ManualClock) -> None:
    """A directory that holds anything is left as it is."""
    before = pki.key_file("G22").read_bytes()
    with pytest.raises(ConfigError, match="EDX-3013"):
        new_dev_pki(pki.directory, [("G22", "VPCP")], clock=clock, key_type="p256")
    assert pki.key_file("G22").read_bytes() == before


def test_a_directory_that_cannot_be_made(tmp_path: Path, clock: ManualClock) -> None:
    """A file in the way is an error with its reason, not a traceback."""
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "pki"):
        with pytest.raises(ConfigError, match="EDX-3014"):
            new_dev_pki(path, [("G22", "VPCP")], clock=clock, key_type="p256")


def test_long_and_odd_names(
    tmp_path: Path,
    clock: ManualClock,
    loading: Callable[[DevPki, str], SigningKey],
) -> None:
    """Names longer than a common name may be, and with YAML's own signs, stay whole."""
    name = "Ủy ban nhân dân: \"${HOME}\" # 'thử' " + "rất " * 20
    pki = new_dev_pki(tmp_path / "pki", [("H41", name)], clock=clock, key_type="p256")
    trust = load_trust(pki.anchors_dir, pki.registry_file)
    assert trust.registry.registrations[0].name == name
    assert loading(pki, "H41").subject.startswith("serialNumber=H41,")


def test_certificates_in_use(trust: Trust, keys: dict[str, SigningKey], now: dt.datetime) -> None:
    """Own keys with their issuers, then the anchors, with the days that are left."""
    listed = list_certificates(trust, {"G22": keys["G22"]}, at=now)
    assert [(each.role, each.agency) for each in listed] == [
        ("key", "G22"),
        ("intermediate", "G22"),
        ("anchor", None),
    ]
    assert [each.findings for each in listed] == [(), (), ()]
    assert listed[0].days_left == 730
    assert listed[0].as_dict()["sha256"] == keys["G22"].fingerprint


@pytest.mark.parametrize(
    ("days_left", "threshold"),
    [(31, None), (30, 30), (15, 30), (14, 14), (8, 14), (7, 7), (0, 7)],
)
def test_warnings_before_the_end(
    days_left: int,
    threshold: int | None,
    trust: Trust,
    keys: dict[str, SigningKey],
) -> None:
    """A certificate is reported 30, 14 and 7 days before its end."""
    at = keys["G22"].not_after - dt.timedelta(days=days_left, hours=1)
    (finding, *_) = (*list_certificates(trust, keys, at=at)[0].findings, None)
    if threshold is None:
        assert finding is None
    else:
        assert threshold in WARNING_DAYS
        assert finding is not None
        assert finding.code == codes.EXPIRES_SOON.code
        assert f"warning at {threshold}" in finding.en


def test_after_the_end(trust: Trust, keys: dict[str, SigningKey]) -> None:
    """An expired certificate is an error; its registration has ended too."""
    at = keys["G22"].not_after + dt.timedelta(days=3)
    status = list_certificates(trust, keys, at=at)[0]
    assert [finding.code for finding in status.findings] == ["EDX-3019", "EDX-3021"]
    assert status.days_left == -3


def test_a_key_that_nobody_would_believe(
    trust: Trust, keys: dict[str, SigningKey], now: dt.datetime
) -> None:
    """A key under a code for which the registry does not list it is reported."""
    status = list_certificates(trust, {"G22": keys["H41"]}, at=now)[0]
    assert [finding.code for finding in status.findings] == ["EDX-3021"]


def test_every_message_stands_in_the_catalogue_once() -> None:
    """Codes are unique, of this room's range, and said in both languages."""
    numbers = [text.code for text in codes.CATALOGUE]
    assert len(set(numbers)) == len(numbers)
    for text in codes.CATALOGUE:
        assert text.code.startswith("EDX-3")
        assert text.en
        assert text.vi
        assert bool(text.hint_en) == bool(text.hint_vi)
