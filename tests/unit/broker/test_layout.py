"""The names and arguments on the broker are a contract (architecture section 5)."""

from __future__ import annotations

import re

import pytest

from connector.broker.layout import (
    Binding,
    Exchange,
    QueueLimits,
    Topology,
    code_of_exchange,
    dead_queue,
    exchange_for,
    parent_of,
    plan,
    queues_of,
)
from connector.broker.topology import definitions, show
from connector.errors import ConfigError


def _topology() -> Topology:
    return plan(["H41.02", "G22", "H41", "H41.02.03.04"])


@pytest.mark.parametrize(
    ("priority", "exchange"),
    [(None, "edoc"), (0, "edoc"), (1, "edoc.urgent"), (4, "edoc.urgent"), (5, "edoc")],
)
def test_priorities_one_to_four_take_the_urgent_lane(priority: int | None, exchange: str) -> None:
    """Priority 1 to 4 is urgent, everything else is not."""
    assert exchange_for(priority) == exchange


def test_queue_names_are_the_contract() -> None:
    """Inbox, urgent inbox and dead queue are named as written in the contract."""
    assert queues_of("H41.02") == ("edoc.H41.02.inbox.urgent", "edoc.H41.02.inbox")
    assert dead_queue("H41.02") == "edoc.H41.02.dead"


def test_the_parent_is_the_nearest_connected_agency_above() -> None:
    """A unit hangs below the nearest connected agency, not below one with a similar name."""
    assert parent_of("H41.02.03", ["H41", "H41.02", "H41.02.0", "H4"]) == "H41.02"
    assert parent_of("H41.02.03", ["H4", "H41.2"]) is None
    assert parent_of("H41", ["H41"]) is None


def test_bindings_follow_the_hierarchy_in_both_lanes() -> None:
    """Each exchange is bound to its parent's with CODE.# and its fallback to its own inbox."""
    bindings = set(_topology().bindings)
    assert Binding("edoc", "edoc.H41", "exchange", "H41.#") in bindings
    assert Binding("edoc.H41", "edoc.H41.02", "exchange", "H41.02.#") in bindings
    assert Binding("edoc.H41.02", "edoc.H41.02.03.04", "exchange", "H41.02.03.04.#") in bindings
    assert Binding("edoc.urgent.H41", "edoc.urgent.H41.02", "exchange", "H41.02.#") in bindings
    assert Binding("edoc.H41.fallback", "edoc.H41.inbox", "queue", "") in bindings
    assert Binding("edoc.urgent.G22.fallback", "edoc.G22.inbox.urgent", "queue", "") in bindings
    assert len(bindings) == 4 * len(_topology().codes)


def test_only_agencies_have_an_alternate_exchange() -> None:
    """An unknown code must come back to the sender, so the roots have no alternate exchange."""
    exchanges = {exchange.name: exchange for exchange in _topology().exchanges}
    assert exchanges["edoc"] == Exchange("edoc", "topic")
    assert exchanges["edoc.urgent"].facts()["arguments"] == {}
    assert exchanges["edoc.H41"].alternate == "edoc.H41.fallback"
    assert exchanges["edoc.urgent.H41"].alternate == "edoc.urgent.H41.fallback"


def test_queues_carry_only_what_can_never_change() -> None:
    """Queues are declared as quorum with a single active consumer, and nothing else."""
    assert {str(queue.facts()["arguments"]) for queue in _topology().queues} == {
        "{'x-queue-type': 'quorum', 'x-single-active-consumer': True}"
    }


def test_inbox_policy_refuses_instead_of_dropping() -> None:
    """A full inbox nacks, what nobody takes goes to the dead queue at least once."""
    policies = {policy.name: policy for policy in plan(["H41"], QueueLimits(7, 99)).policies}
    assert policies["edoc.H41.inbox"].definition == {
        "delivery-limit": 7,
        "max-length-bytes": 99,
        "overflow": "reject-publish",
        "dead-letter-exchange": "",
        "dead-letter-routing-key": "edoc.H41.dead",
        "dead-letter-strategy": "at-least-once",
    }
    assert "max-length-bytes" not in policies["edoc.H41.dead"].definition


def test_policy_patterns_match_the_own_queues_only() -> None:
    """No agency's policy or permission reaches the queues of another."""
    names = [queue.name for queue in _topology().queues]
    for code in _topology().codes:
        own = {*queues_of(code), dead_queue(code)}
        user = next(user for user in _topology().users if user.name == code)
        assert {name for name in names if re.search(user.read, name)} == own
        patterns = [p.pattern for p in _topology().policies if p.name.startswith(f"edoc.{code}.")]
        inbox = next(p for p in patterns if "inbox" in p and re.search(p, queues_of(code)[1]))
        assert {name for name in names if re.search(inbox, name)} == set(queues_of(code))


def test_a_dot_in_a_code_is_no_wildcard() -> None:
    """The read permission of H41.02 does not match a queue of H41x02."""
    user = plan(["H41.02"]).users[0]
    assert re.search(user.read, "edoc.H41.02.inbox")
    assert not re.search(user.read, "edoc.H41x02.inbox")


def test_agencies_configure_nothing_and_write_to_the_roots_only() -> None:
    """An agency may publish to edoc and edoc.urgent, not into anybody's exchange."""
    user = plan(["H41"]).users[0]
    assert user.configure == "^$"
    written = ["edoc", "edoc.urgent", "edoc.H41", "edoc.H41.fallback", ""]
    assert [name for name in written if re.search(user.write, name)] == ["edoc", "edoc.urgent"]


@pytest.mark.parametrize("code", ["", "H41.", "urgent", "H41.inbox", "H41.#", "H41 02", "a/b"])
def test_codes_that_would_break_the_naming_are_refused(code: str) -> None:
    """Empty parts, wildcards and our own words cannot be agency codes."""
    with pytest.raises(ConfigError) as caught:
        plan([code, "H41"])
    assert caught.value.code == "EDX-6050"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("edoc.H41.02", "H41.02"),
        ("edoc.H41.fallback", None),
        ("edoc.urgent.H41", None),
        ("edoc", None),
        ("amq.topic", None),
    ],
)
def test_exchanges_tell_which_agencies_are_connected(name: str, code: str | None) -> None:
    """Only edoc.CODE names an agency."""
    assert code_of_exchange(name) == code


def test_definitions_name_everything_once_and_no_password() -> None:
    """The importable definitions contain the whole plan, users without a password."""
    found = definitions(_topology(), vhost="axis")
    counts = {name: len(entries) for name, entries in found.items()}
    assert counts == {
        "vhosts": 1,
        "users": 4,
        "permissions": 4,
        "policies": 8,
        "exchanges": 18,
        "queues": 12,
        "bindings": 16,
    }
    assert {user["password_hash"] for user in found["users"]} == {""}
    assert {entry.get("vhost", "axis") for part in found.values() for entry in part} == {"axis"}


def test_show_tells_parent_and_queues_of_each_agency() -> None:
    """What is shown to the operator names the parent and the queues, urgent first."""
    entry = next(entry for entry in show(_topology()) if entry["agency"] == "H41.02")
    assert entry["parent"] == "H41"
    assert [queue["name"] for queue in entry["queues"]] == [
        "edoc.H41.02.inbox.urgent",
        "edoc.H41.02.inbox",
        "edoc.H41.02.dead",
    ]
