"""Compare the broker with the plan, and bring it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from connector.broker import codes
from connector.broker.drift import find_drift, is_led, without_fix
from connector.broker.layout import (
    Binding,
    Exchange,
    Policy,
    Queue,
    QueueLimits,
    Topology,
    User,
    code_of_exchange,
    dead_queue,
    exchange_for,
    parent_of,
    plan,
    queues_of,
)
from connector.broker.management import Management
from connector.broker.passwords import ALGORITHM, password_hash
from connector.clock import Clock, SystemClock
from connector.errors import ConfigError, Finding, UnavailableError

__all__ = [
    "Binding",
    "Exchange",
    "Policy",
    "Queue",
    "QueueLimits",
    "Topology",
    "User",
    "apply",
    "check",
    "connected_codes",
    "dead_queue",
    "definitions",
    "exchange_for",
    "parent_of",
    "plan",
    "queues_of",
    "show",
]

_POLL_SECONDS: Final = 0.2


def connected_codes(management: Management) -> tuple[str, ...]:
    """Return the agencies that have an exchange at this broker."""
    found = (code_of_exchange(exchange["name"]) for exchange in management.exchanges())
    return tuple(sorted(code for code in found if code))


def check(management: Management, topology: Topology) -> list[Finding]:
    """Return every difference between the broker and the plan; nothing is changed."""
    if not management.has_vhost():
        return [codes.VHOST_MISSING.at(f"vhost {management.vhost}")]
    return find_drift(management, topology)


def apply(
    management: Management,
    topology: Topology,
    passwords: Mapping[str, str] | None = None,
    *,
    leader_timeout_seconds: float = 30.0,
    settle_seconds: float = 1.5,
    clock: Clock | None = None,
) -> list[str]:
    """Bring the broker to the plan and return what was changed; a second run changes nothing.

    An agency's exchange is bound to its parent only once its queues have a leader and, if they
    are new, have settled: a quorum queue that loses its node within about a second of its
    declaration can come back unusable (measured with RabbitMQ 3.10). Users get
    their password from `passwords`; a new user without one can log in by certificate only, an
    existing user keeps what it has. Raises ConfigError, before anything is touched, if an
    exchange or queue exists with other arguments, and UnavailableError if a queue gets no leader.
    """
    done: list[str] = []
    if not management.has_vhost():
        management.put_vhost()
        done.append(f"vhost {management.vhost} created")
    hopeless = without_fix(management, topology)
    if hopeless:
        raise ConfigError(*hopeless)
    _apply_policies(management, topology, done)
    watch = clock or SystemClock()
    created = _apply_queues(management, topology, done)
    _wait_for_leaders(management, topology, leader_timeout_seconds, watch)
    watch.sleep(settle_seconds if created else 0)
    _apply_exchanges(management, topology, done)
    _apply_users(management, topology, passwords or {}, done)
    _apply_bindings(management, topology, done)
    return done


def definitions(
    topology: Topology, *, vhost: str = "/", passwords: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the plan as `rabbitmqctl import_definitions` takes it.

    Users without a password in `passwords` are written without one: set it after the import.
    """
    return {
        "vhosts": [{"name": vhost}],
        "users": _user_definitions(topology, passwords or {}),
        "permissions": [
            {"user": user.name, "vhost": vhost, **user.permissions()} for user in topology.users
        ],
        "policies": [
            {"vhost": vhost, "name": policy.name, **policy.facts()} for policy in topology.policies
        ],
        "exchanges": [
            {"name": exchange.name, "vhost": vhost, **exchange.facts()}
            for exchange in topology.exchanges
        ],
        "queues": [
            {"name": queue.name, "vhost": vhost, **queue.facts()} for queue in topology.queues
        ],
        "bindings": [
            {**asdict(binding), "vhost": vhost, "arguments": {}} for binding in topology.bindings
        ],
    }


def _user_definitions(topology: Topology, passwords: Mapping[str, str]) -> list[dict[str, Any]]:
    hashes = {name: password_hash(text) for name, text in passwords.items()}
    return [
        {
            "name": user.name,
            "password_hash": hashes.get(user.name, ""),
            "hashing_algorithm": ALGORITHM,
            "tags": [],
        }
        for user in topology.users
    ]


def show(topology: Topology, management: Management | None = None) -> list[dict[str, Any]]:
    """Return one entry per agency: parent, exchanges, queues, user; counts if asked live."""
    live = {queue["name"]: queue for queue in management.queues()} if management else {}
    return [_shown(topology, code, live) for code in topology.codes]


def _shown(topology: Topology, code: str, live: Mapping[str, Any]) -> dict[str, Any]:
    user = next(user for user in topology.users if user.name == code)
    names = (*queues_of(code), dead_queue(code))
    return {
        "agency": code,
        "parent": parent_of(code, topology.codes),
        "exchanges": [f"edoc.{code}", f"edoc.urgent.{code}"],
        "queues": [_shown_queue(name, live) for name in names],
        "user": {"name": code, "write": user.write, "read": user.read},
    }


def _shown_queue(name: str, live: Mapping[str, Any]) -> dict[str, Any]:
    found = live.get(name)
    if found is None:
        return {"name": name}
    return {
        "name": name,
        "messages": found.get("messages", 0),
        "consumers": found.get("consumers", 0),
        "leader": found.get("leader"),
    }


def _apply_policies(management: Management, topology: Topology, done: list[str]) -> None:
    present = {policy["name"]: policy for policy in management.policies()}
    for policy in topology.policies:
        facts = policy.facts()
        if {name: present.get(policy.name, {}).get(name) for name in facts} != facts:
            management.put_policy(policy.name, facts)
            done.append(f"policy {policy.name} set")


def _apply_queues(management: Management, topology: Topology, done: list[str]) -> bool:
    present = {queue["name"] for queue in management.queues()}
    missing = [queue for queue in topology.queues if queue.name not in present]
    for queue in missing:
        management.put_queue(queue.name, queue.facts())
        done.append(f"queue {queue.name} created")
    return bool(missing)


def _apply_exchanges(management: Management, topology: Topology, done: list[str]) -> None:
    present = {exchange["name"] for exchange in management.exchanges()}
    for exchange in topology.exchanges:
        if exchange.name not in present:
            management.put_exchange(exchange.name, exchange.facts())
            done.append(f"exchange {exchange.name} created")


def _apply_users(
    management: Management, topology: Topology, passwords: Mapping[str, str], done: list[str]
) -> None:
    present = {user["name"]: user for user in management.users()}
    granted = {entry["user"]: entry for entry in management.permissions()}
    for user in topology.users:
        facts = _user_facts(present.get(user.name), passwords.get(user.name))
        if facts is not None:
            management.put_user(user.name, facts)
            done.append(f"user {user.name} set")
        wanted = user.permissions()
        entry = granted.get(user.name, {})
        if {name: entry.get(name) for name in wanted} != wanted:
            management.put_permissions(user.name, **wanted)
            done.append(f"permissions of {user.name} set")


def _user_facts(present: Mapping[str, Any] | None, password: str | None) -> dict[str, Any] | None:
    """Return what has to be written for a user, None if it can stay as it is."""
    if password is not None:
        return {"password": password, "tags": ""}
    if present is None:
        return {"password_hash": "", "tags": ""}
    if present.get("tags"):
        kept = {name: present[name] for name in ("password_hash", "hashing_algorithm")}
        return {**kept, "tags": ""}
    return None


def _apply_bindings(management: Management, topology: Topology, done: list[str]) -> None:
    """Add first, remove after: a message that is routed both ways still arrives once."""
    present = {_binding(found): found for found in management.bindings()}
    inside_out = sorted(topology.bindings, key=lambda b: (b.destination_type != "queue", b))
    for binding in inside_out:
        if binding not in present:
            kind = binding.destination_type[0]
            management.put_binding(binding.source, kind, binding.destination, binding.routing_key)
            done.append(f"binding {binding} created")
    ours = {exchange.name for exchange in topology.exchanges}
    for binding, found in present.items():
        if binding not in topology.bindings and {binding.source, binding.destination} <= ours:
            management.delete_binding(
                binding.source, "e", binding.destination, found["properties_key"]
            )
            done.append(f"binding {binding} removed")


def _binding(found: Mapping[str, Any]) -> Binding:
    names = ("source", "destination", "destination_type", "routing_key")
    return Binding(*(found[name] for name in names))


def _wait_for_leaders(
    management: Management, topology: Topology, timeout_seconds: float, clock: Clock
) -> None:
    end = clock.monotonic() + timeout_seconds
    waiting = [queue.name for queue in topology.queues]
    while True:
        led = {queue["name"] for queue in management.queues() if is_led(queue)}
        waiting = [name for name in waiting if name not in led]
        if not waiting:
            return
        if clock.monotonic() > end:
            raise UnavailableError(*(codes.LEADER_MISSING.at(f"queue {n}") for n in waiting))
        clock.sleep(_POLL_SECONDS)
