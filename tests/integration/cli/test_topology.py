from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.broker.sandbox import Sandbox
from tests.integration.cli.conftest import Said, connector

pytestmark = pytest.mark.broker

CONFIG = """\
config_version: 1
environment: test
state_dir: state
agencies:
  - {{code: H40.66, name: Đơn vị mẫu, broker_password: {{file: secret}}}}
  - {{code: H40.67, name: Đơn vị mẫu, broker_password: {{file: secret}}}}
trust: {{anchors_dir: anchors}}
broker: {{url: "{url}", management_url: "{management}"}}
"""


def node(vhost: Sandbox, directory: Path) -> Path:
    """Write the configuration of an administrator in a test's virtual host."""
    (directory / "secret").write_text("throw-away", encoding="utf-8")
    path = directory / "connector.yaml"
    admin = vhost.admin
    text = CONFIG.format(url=admin.url, management=admin.management_url)
    path.write_text(text, encoding="utf-8")
    return path


def topology(verb: str, config: Path, *options: str) -> Said:
    """Run a verb of topology."""
    return connector("topology", verb, "--config", config, *options)


def test_check_and_apply(vhost: Sandbox, tmp_path: Path) -> None:
    """An empty virtual host is drift: 1; applied, it is none; applied again, nothing is done."""
    config = node(vhost, tmp_path)
    try:
        before = topology("check", config, "--json")
        assert before.status == 1
        assert "queue edoc.H40.66.inbox" in {finding["place"] for finding in before.data}
        dry = topology("apply", config, "--dry-run")
        assert (dry.status, "edoc.H40.66" in dry.err) == (0, True)
        assert topology("check", config).status == 1
        done = topology("apply", config)
        assert done.status == 0
        assert done.out.count("\n") > 10
        assert topology("check", config, "--json").data == []
        again = topology("apply", config).out.splitlines()
        assert all(line.startswith("user ") for line in again), "only passwords are set again"
        vhost.management.delete_queue("edoc.H40.67.inbox")
        drift = topology("check", config, "--json")
        assert drift.status == 1
        assert "queue edoc.H40.67.inbox" in {finding["place"] for finding in drift.data}
    finally:
        for code in ("H40.66", "H40.67"):
            vhost.management.delete_user(code)


def test_imported_definitions_are_no_drift(vhost: Sandbox, tmp_path: Path) -> None:
    """What `topology show --definitions` prints brings a fresh virtual host to the plan."""
    config = node(vhost, tmp_path)
    definitions = topology("show", config, "--definitions")
    assert definitions.status == 0
    try:
        vhost.management.import_definitions(json.loads(definitions.out))
        check = topology("check", config, "--json")
        assert (check.status, check.data) == (0, [])
    finally:
        for code in ("H40.66", "H40.67"):
            vhost.management.delete_user(code)
