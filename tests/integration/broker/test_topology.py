"""The topology on a real broker: routing, permissions, drift."""

from __future__ import annotations

import json
from dataclasses import replace

import pika
import pytest
from pika import exceptions

from connector.broker.layout import Binding
from connector.broker.management import Management
from connector.broker.sandbox import Sandbox
from connector.broker.settings import BrokerSettings
from connector.broker.topology import (
    apply,
    check,
    connected_codes,
    dead_queue,
    definitions,
    plan,
    queues_of,
    show,
)
from connector.errors import ConfigError, UnavailableError

pytestmark = pytest.mark.broker

_CODES = ("G22", "H41", "H41.02")


def _found(sandbox: Sandbox, *codes: str) -> list[tuple[str, str]]:
    findings = check(sandbox.management, plan(codes or _CODES))
    return [(finding.code, finding.place) for finding in findings]


def _channel(settings: BrokerSettings) -> pika.BlockingConnection:
    return pika.BlockingConnection(pika.URLParameters(settings.url))


def test_applying_twice_changes_nothing(vhost: Sandbox) -> None:
    """The second run finds nothing to do, and the check no drift."""
    assert vhost.connect(_CODES)
    assert vhost.connect(()) == []
    assert _found(vhost) == []


def test_an_empty_virtual_host_is_all_drift(vhost: Sandbox) -> None:
    """Everything of the plan is reported as missing, each with its place."""
    found = _found(vhost)
    assert ("EDX-6051", "exchange edoc") in found
    assert ("EDX-6053", "queue edoc.H41.02.inbox.urgent") in found
    assert ("EDX-6055", "exchange edoc.H41") in found
    assert ("EDX-6057", "policy edoc.G22.dead") in found
    assert ("EDX-6060", "user G22") in found


def test_a_missing_virtual_host_is_one_finding(vhost: Sandbox) -> None:
    """Without the virtual host there is nothing else to say; apply creates it."""
    management = vhost.management.at(f"{vhost.vhost}-other")
    assert [finding.code for finding in check(management, plan(_CODES))] == ["EDX-6065"]
    assert "created" in apply(management, plan([]))[0]
    assert check(management, plan([])) == []
    management.delete_vhost()


def test_definitions_import_without_drift(vhost: Sandbox) -> None:
    """What is shipped as definitions.json brings a fresh virtual host to the plan."""
    codes = ("G09.77", "H55.77")
    topology = plan(codes)
    text = json.dumps(definitions(topology, vhost=vhost.vhost, passwords={"H55.77": "secret"}))
    try:
        vhost.management.import_definitions(json.loads(text))
        assert _found(vhost, *codes) == []
        assert apply(vhost.management, topology) == []
        login = vhost.admin.login("H55.77", "secret", vhost.vhost)
        _channel(login).close()
        with pytest.raises(exceptions.ProbableAuthenticationError):
            _channel(vhost.admin.login("G09.77", "", vhost.vhost))
    finally:
        for code in codes:
            vhost.management.delete_user(code)


def test_drift_is_found_and_repaired(vhost: Sandbox) -> None:
    """Policy, permission, tag and binding that somebody changed are named and put right."""
    vhost.connect(_CODES)
    management = vhost.management
    management.put_policy(
        "edoc.H41.inbox",
        {"pattern": "^x$", "apply-to": "queues", "priority": 0, "definition": {"max-length": 1}},
    )
    management.put_permissions("H41", ".*", ".*", ".*")
    management.put_user("G22", {"password": "x", "tags": "monitoring"})
    management.delete_binding("edoc.H41", "e", "edoc.H41.02", "H41.02.%23")
    management.put_binding("edoc", "e", "edoc.H41.02", "H41.02.#")
    assert set(_found(vhost)) == {
        ("EDX-6058", "policy edoc.H41.inbox"),
        ("EDX-6061", "user H41"),
        ("EDX-6062", "user G22"),
        ("EDX-6055", "exchange edoc.H41"),
        ("EDX-6056", "exchange edoc"),
    }
    done = apply(management, plan(_CODES))
    assert f"binding {Binding('edoc', 'edoc.H41.02', 'exchange', 'H41.02.#')} removed" in done
    assert _found(vhost) == []
    _channel(vhost.admin.login("G22", "x", vhost.vhost)).close()


def test_a_tapped_exchange_is_reported_and_left_alone(vhost: Sandbox) -> None:
    """A queue of somebody else that gets copies is a finding; apply does not remove it."""
    vhost.connect(_CODES)
    vhost.management.put_queue("tap", {"durable": True, "arguments": {}})
    vhost.management.put_binding("edoc", "q", "tap", "#")
    assert apply(vhost.management, plan(_CODES)) == []
    assert _found(vhost) == [("EDX-6056", "exchange edoc")]


def test_another_policy_in_force_is_reported(vhost: Sandbox) -> None:
    """A policy of higher priority would silently replace ours."""
    vhost.connect(["H41"])
    facts = {"pattern": "inbox$", "apply-to": "queues", "priority": 99}
    vhost.management.put_policy("theirs", {**facts, "definition": {"max-length": 1}})
    assert _found(vhost, "H41") == [("EDX-6059", "queue edoc.H41.inbox")]


def test_a_queue_of_another_kind_stops_apply_before_it_touches_anything(vhost: Sandbox) -> None:
    """Arguments cannot be changed, so a person has to drain and delete the queue."""
    vhost.management.put_queue(queues_of("H41")[1], {"durable": True, "arguments": {}})
    with pytest.raises(ConfigError) as caught:
        apply(vhost.management, plan(["H41"]))
    assert caught.value.code == "EDX-6054"
    assert connected_codes(vhost.management) == ()


def test_agencies_outside_the_plan_are_a_warning(vhost: Sandbox) -> None:
    """Who plans for some agencies only is told about the others."""
    vhost.connect(_CODES)
    assert connected_codes(vhost.management) == _CODES
    assert _found(vhost, "G22", "H41") == [("EDX-6064", "exchange edoc.H41.02")]


def test_show_counts_what_waits(vhost: Sandbox) -> None:
    """The operator sees each queue with its leader."""
    vhost.connect(["H41"])
    (entry,) = show(plan(["H41"]), vhost.management)
    assert [queue["leader"] is not None for queue in entry["queues"]] == [True, True, True]


def test_an_agency_reads_its_own_queues_only(vhost: Sandbox) -> None:
    """H41 may read neither the inbox of G22 nor that of the unit below, nor use basic.get."""
    vhost.connect(_CODES)
    for queue in (*queues_of("G22"), *queues_of("H41.02"), dead_queue("H41.02")):
        with _channel(vhost.settings("H41")) as connection:
            channel = connection.channel()
            with pytest.raises(exceptions.ChannelClosedByBroker) as caught:
                channel.basic_consume(queue, lambda *_: None)
            assert caught.value.reply_code == 403
    with _channel(vhost.settings("H41")) as connection:
        channel = connection.channel()
        for queue in (*queues_of("H41"), dead_queue("H41")):
            channel.basic_consume(queue, lambda *_: None)


def test_an_agency_can_change_nothing_on_the_broker(vhost: Sandbox) -> None:
    """Declaring, deleting, binding and purging are refused to agencies."""
    vhost.connect(_CODES)

    def _refused(action: str, *arguments: str) -> None:
        with _channel(vhost.settings("H41")) as connection:
            channel = connection.channel()
            with pytest.raises(exceptions.ChannelClosedByBroker) as caught:
                getattr(channel, action)(*arguments)
            assert caught.value.reply_code == 403

    _refused("queue_declare", "mine")
    _refused("exchange_declare", "mine")
    _refused("queue_delete", "edoc.H41.inbox")
    _refused("exchange_delete", "edoc.H41")
    _refused("queue_bind", "edoc.H41.inbox", "edoc", "#")
    _refused("queue_purge", "edoc.G22.inbox")


def test_an_agency_user_has_no_management(vhost: Sandbox) -> None:
    """The users of agencies cannot use the management API, and are told which user can."""
    vhost.connect(["H41"])
    with pytest.raises(ConfigError) as caught:
        Management.from_settings(vhost.settings("H41")).overview()
    assert caught.value.code in {"EDX-6041", "EDX-6042"}


def test_a_wrong_management_password_is_a_configuration_error(vhost: Sandbox) -> None:
    """The management API refuses, and nobody is asked to try again."""
    wrong = replace(vhost.management, password="wrong")
    with pytest.raises(ConfigError) as caught:
        wrong.overview()
    assert caught.value.code == "EDX-6041"


def test_an_absent_management_api_is_unavailable() -> None:
    """A port on which nobody listens means: try again later."""
    with pytest.raises(UnavailableError) as caught:
        Management("http://127.0.0.1:9", "u", "p").overview()
    assert caught.value.code == "EDX-6040"


def test_something_else_on_the_management_port_is_recognised(broker_node: BrokerSettings) -> None:
    """A wrong address is a configuration error, not a crash on strange data."""
    management = Management.from_settings(broker_node)
    strange = replace(management, url=f"{management.url}/js/main.js#")
    with pytest.raises(ConfigError) as caught:
        strange.overview()
    assert caught.value.code == "EDX-6044"


def test_a_sandbox_never_takes_over_a_user(vhost: Sandbox) -> None:
    """An agency that exists on the broker keeps its password: the sandbox refuses."""
    vhost.management.put_user("H99.99", {"password": "theirs", "tags": ""})
    try:
        with pytest.raises(ConfigError) as caught:
            vhost.connect(["H99.99"])
        assert caught.value.code == "EDX-6066"
    finally:
        vhost.management.delete_user("H99.99")


def test_alarms_are_empty_on_a_healthy_broker(broker_node: BrokerSettings) -> None:
    """Memory and disk alarms are told by node; a healthy node has none."""
    management = Management.from_settings(broker_node)
    assert management.alarms() == []
    assert management.overview()["rabbitmq_version"]
