"""Findings about a broker that is not as planned."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from connector.broker import codes
from connector.broker.layout import Binding, Topology, code_of_exchange
from connector.broker.management import Management
from connector.errors import Finding, Text

__all__ = ["find_drift", "is_led", "without_fix"]


def find_drift(management: Management, topology: Topology) -> list[Finding]:
    """Return all differences; warnings for agencies that the plan does not know."""
    exchanges = _by_name(management.exchanges())
    return [
        *_exchanges(exchanges, topology),
        *_queues(_by_name(management.queues()), topology),
        *_bindings(management.bindings(), topology),
        *_policies(_by_name(management.policies()), topology),
        *_users(management, topology),
        *_foreign(exchanges, topology),
    ]


def without_fix(management: Management, topology: Topology) -> list[Finding]:
    """Return the differences that cannot be applied: arguments cannot be changed."""
    fixed = {codes.EXCHANGE_DIFFERS.code, codes.QUEUE_DIFFERS.code}
    found = [
        *_exchanges(_by_name(management.exchanges()), topology),
        *_queues(_by_name(management.queues()), topology),
    ]
    return [finding for finding in found if finding.code in fixed]


def is_led(queue: Mapping[str, Any]) -> bool:
    """Return whether a queue, as the management API tells it, takes and gives messages.

    The state is a statistic, which comes seconds after the queue; leader and members do not.
    """
    leader = queue.get("leader")
    running = queue.get("state") in {None, "running"}
    return bool(leader) and running and leader in queue.get("online", ())


def _exchanges(present: Mapping[str, Any], topology: Topology) -> Iterator[Finding]:
    for exchange in topology.exchanges:
        place = f"exchange {exchange.name}"
        yield from _compare(
            place,
            present.get(exchange.name),
            exchange.facts(),
            codes.EXCHANGE_MISSING,
            codes.EXCHANGE_DIFFERS,
        )


def _queues(present: Mapping[str, Any], topology: Topology) -> Iterator[Finding]:
    for queue in topology.queues:
        place = f"queue {queue.name}"
        found = present.get(queue.name)
        yield from _compare(place, found, queue.facts(), codes.QUEUE_MISSING, codes.QUEUE_DIFFERS)
        if found is not None and not is_led(found):
            yield codes.LEADER_MISSING.at(place)


def _bindings(present: list[dict[str, Any]], topology: Topology) -> Iterator[Finding]:
    found = {_binding(entry): entry for entry in present if entry["source"]}
    for binding in topology.bindings:
        if binding not in found:
            yield codes.BINDING_MISSING.at(f"exchange {binding.source}", binding=binding)
    ours = {exchange.name for exchange in topology.exchanges}
    ours |= {queue.name for queue in topology.queues}
    for binding in sorted(set(found) - set(topology.bindings)):
        touches = {binding.source, binding.destination} & ours
        if touches and not _leads_to_foreign(binding, topology):
            yield codes.BINDING_UNEXPECTED.at(f"exchange {binding.source}", binding=binding)


def _leads_to_foreign(binding: Binding, topology: Topology) -> bool:
    """Whether it hangs another agency, reported by itself, below one of ours."""
    code = code_of_exchange(binding.destination.replace("edoc.urgent.", "edoc.", 1))
    return code is not None and code not in topology.codes and binding.routing_key == f"{code}.#"


def _policies(present: Mapping[str, Any], topology: Topology) -> Iterator[Finding]:
    ours = {policy.name for policy in topology.policies}
    others = [policy for name, policy in present.items() if name not in ours]
    for policy in topology.policies:
        place = f"policy {policy.name}"
        found = present.get(policy.name)
        yield from _compare(
            place, found, policy.facts(), codes.POLICY_MISSING, codes.POLICY_DIFFERS
        )
    for queue in topology.queues:
        yield from _overridden(queue.name, others, topology)


def _overridden(queue: str, others: list[dict[str, Any]], topology: Topology) -> Iterator[Finding]:
    """Only one policy is in force for a queue: the one with the highest priority."""
    ours = next(policy for policy in topology.policies if re.search(policy.pattern, queue))
    for other in others:
        reaches = other["apply-to"] != "exchanges" and re.search(other["pattern"], queue)
        if reaches and other["priority"] >= ours.facts()["priority"]:
            yield codes.POLICY_OVERRIDDEN.at(
                f"queue {queue}", actual=other["name"], expected=ours.name
            )


def _users(management: Management, topology: Topology) -> Iterator[Finding]:
    present = _by_name(management.users())
    granted = {entry["user"]: entry for entry in management.permissions()}
    for user in topology.users:
        place = f"user {user.name}"
        if user.name not in present:
            yield codes.USER_MISSING.at(place)
            continue
        if present[user.name].get("tags"):
            yield codes.TAGS_UNEXPECTED.at(place, actual=_text(present[user.name]["tags"]))
        expected = user.permissions()
        entry = granted.get(user.name, {})
        actual = {name: entry.get(name) for name in expected}
        if actual != expected:
            yield codes.PERMISSIONS_DIFFER.at(place, actual=_text(actual), expected=_text(expected))


def _foreign(exchanges: Mapping[str, Any], topology: Topology) -> Iterator[Finding]:
    for name in sorted(exchanges):
        code = code_of_exchange(name)
        if code is not None and code not in topology.codes:
            yield codes.FOREIGN_AGENCY.at(f"exchange {name}", value=code)


def _compare(
    place: str,
    found: Mapping[str, Any] | None,
    expected: Mapping[str, Any],
    missing: Text,
    differs: Text,
) -> Iterator[Finding]:
    if found is None:
        yield missing.at(place)
        return
    actual = {name: found.get(name) for name in expected}
    if actual != expected:
        yield differs.at(place, actual=_text(actual), expected=_text(expected))


def _by_name(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {entry["name"]: entry for entry in entries}


def _binding(found: Mapping[str, Any]) -> Binding:
    names = ("source", "destination", "destination_type", "routing_key")
    return Binding(*(found[name] for name in names))


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
