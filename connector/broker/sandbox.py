"""A virtual host of one's own on any broker, with agencies in it: for demo, tests and trials."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

from connector.broker import codes
from connector.broker.layout import QueueLimits, plan
from connector.broker.management import Management
from connector.broker.passwords import new_password
from connector.broker.settings import BrokerSettings
from connector.broker.topology import apply
from connector.errors import ConfigError

__all__ = ["Sandbox"]


class Sandbox:
    """Creates a virtual host and users, and removes both at the end.

    `admin` names a user with the tag `administrator`. Agencies' users that exist on the broker
    are never touched: ConfigError.
    """

    def __init__(self, admin: BrokerSettings, vhost: str) -> None:
        self.vhost: Final = vhost
        self.management: Final = Management.from_settings(admin).at(vhost)
        self._admin: Final = admin
        self._passwords: Final[dict[str, str]] = {}
        self._codes: Final[set[str]] = set()
        self.management.put_vhost()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def admin(self) -> BrokerSettings:
        """The administrator's settings for this virtual host."""
        endpoint = self._admin.endpoints()[0]
        return self._admin.login(endpoint.user, endpoint.password, self.vhost)

    def connect(
        self,
        agencies: Iterable[str],
        limits: QueueLimits | None = None,
        *,
        settle_seconds: float = 0.0,
    ) -> list[str]:
        """Add agencies with a user each; returns what was changed, as `topology.apply` does.

        Let the queues settle if the broker is going to be killed soon.
        """
        new = set(agencies) - self._codes
        taken = new & {user["name"] for user in self.management.users()}
        if taken:
            raise ConfigError(*(codes.USER_EXISTS.at(value=code) for code in sorted(taken)))
        self._codes.update(new)
        self._passwords.update({code: new_password() for code in new})
        fresh = {code: self._passwords[code] for code in new}
        topology = plan(self._codes, limits)
        return apply(self.management, topology, fresh, settle_seconds=settle_seconds)

    def settings(self, agency: str) -> BrokerSettings:
        """Return an agency's own settings, with the password of its user."""
        return self._admin.login(agency, self._passwords[agency], self.vhost)

    def close(self) -> None:
        """Remove the virtual host with all messages, and the users."""
        for code in self._codes:
            self.management.delete_user(code)
        # Ends the queues' dead-letter workers in order. Two that fail because their queues are
        # deleted under them break the broker node (rabbitmq-server issue 16652).
        for policy in self.management.policies():
            self.management.delete_policy(policy["name"])
        self._codes.clear()
        self.management.delete_vhost()
