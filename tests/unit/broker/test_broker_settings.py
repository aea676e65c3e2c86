"""Reading the broker's URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.broker.management import Management
from connector.broker.settings import BrokerSettings, TlsSettings
from connector.errors import ConfigError


def test_a_url_names_host_user_and_virtual_host() -> None:
    """Percent signs are decoded in user, password and virtual host."""
    endpoint = BrokerSettings(url="amqp://H41.02:p%40s%2F@mq:5673/ax%2Fis").endpoints()[0]
    assert (endpoint.host, endpoint.port, endpoint.user) == ("mq", 5673, "H41.02")
    assert (endpoint.password, endpoint.vhost, endpoint.secure) == ("p@s/", "ax/is", False)


@pytest.mark.parametrize("url", ["amqp://u:p@h", "amqp://u:p@h/", "amqp://u:p@h/%2F"])
def test_the_default_virtual_host_is_the_root(url: str) -> None:
    """Without a virtual host the broker's default is meant."""
    assert BrokerSettings(url=url).vhost == "/"


def test_a_cluster_is_several_hosts_in_order() -> None:
    """Hosts are separated by commas; amqps has its own default port."""
    settings = BrokerSettings(url="amqps://u:p@a,b:99,[::1]/v")
    found = [(endpoint.host, endpoint.port) for endpoint in settings.endpoints()]
    assert found == [("a", 5671), ("b", 99), ("::1", 5671)]


def test_settings_for_another_user_keep_the_hosts() -> None:
    """Logging in as somebody else changes user, password and virtual host only."""
    settings = BrokerSettings(url="amqps://u:p@a,b:99,[::1]/v", window=3).login("x", "y/", "w/")
    assert settings.url == "amqps://x:y%2F@a:5671,b:99,[::1]:5671/w%2F"
    assert (settings.user, settings.vhost, settings.window) == ("x", "w/", 3)


@pytest.mark.parametrize(
    "url", ["", "http://u:p@h", "amqp://h/", "amqp://u:p@/v", "amqp://u:p@h:x/", "amqp://u:p@a,,b"]
)
def test_an_unusable_url_is_a_configuration_error(url: str) -> None:
    """Scheme, user, host and port are checked before anything is connected."""
    with pytest.raises(ConfigError) as caught:
        BrokerSettings(url=url).endpoints()
    assert caught.value.code == "EDX-6030"


def test_tls_files_without_tls_are_refused() -> None:
    """Somebody who gives TLS files must not be connected in clear text."""
    with pytest.raises(ConfigError) as caught:
        BrokerSettings(url="amqp://u:p@h/", tls=TlsSettings()).endpoints()
    assert caught.value.code == "EDX-6031"


def test_a_certificate_login_needs_no_user() -> None:
    """With EXTERNAL the certificate names the user."""
    settings = BrokerSettings(url="amqps://h/v", tls=TlsSettings(external=True))
    assert settings.endpoints()[0].user == ""


def test_missing_tls_files_are_a_configuration_error(tmp_path: Path) -> None:
    """A file that is not there is named before anything is connected."""
    with pytest.raises(ConfigError) as caught:
        TlsSettings(ca_file=tmp_path / "ca.crt").context()
    assert caught.value.code == "EDX-6032"


def test_passwords_are_not_shown() -> None:
    """The representation of settings contains no secret."""
    settings = BrokerSettings(url="amqp://u:secret@h/", management_url="http://a:secret@h:1")
    shown = repr((settings, settings.endpoints(), Management.from_settings(settings)))
    assert "secret" not in shown


def test_the_management_url_may_name_its_own_user() -> None:
    """Without one the user of the AMQP URL is taken."""
    with_user = BrokerSettings(url="amqp://u:p@h/v", management_url="http://a:b%2F@h:15672/")
    found = Management.from_settings(with_user)
    assert (found.url, found.user, found.password) == ("http://h:15672", "a", "b/")
    plain = BrokerSettings(url="amqp://u:p@h/v", management_url="http://h:15672")
    assert Management.from_settings(plain).user == "u"
    assert Management.from_settings(plain).vhost == "v"


@pytest.mark.parametrize("url", [None, "", "ftp://h", "h:15672"])
def test_an_unusable_management_url_is_a_configuration_error(url: str | None) -> None:
    """Only http and https are spoken."""
    with pytest.raises(ConfigError) as caught:
        Management.from_settings(BrokerSettings(url="amqp://u:p@h", management_url=url))
    assert caught.value.code == "EDX-6045"
