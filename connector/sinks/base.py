"""What every sink promises.

A sink may be asked to do the same thing any number of times, and a kill may come between any two
of its steps; afterwards the legacy system holds the document once. Acts on a document that the
sink does not hold are recorded where the sink can, and are no errors: the legacy system may have
taken the document away already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from connector.errors import Finding
from connector.model.inbound import Inbound, InboundTarget

__all__ = ["BatchSink", "Sink"]


class Sink(Protocol):
    """Where received documents go; every method is durable when it returns.

    Raises UnavailableError if the legacy system is away, so that other documents need not be tried
    either, TransientError if the same call may succeed later, PermanentError if a person has to
    decide about this document.
    """

    def deliver(self, item: Inbound) -> bool:
        """Hand a document over once per packet id; True if the clerk's desk has taken it (03).

        All mail passes the clerk (NĐ 30/2020 Đ4(2b)), so the sink's owner says by configuration
        whether what it writes is the clerk's desk.
        """
        ...

    def cancel(self, item: Inbound, target: InboundTarget) -> None:
        """Cancel a delivered document and its metadata, keep the recall (QĐ 28/2018 Đ9(2))."""
        ...

    def replace(self, item: Inbound, targets: Sequence[InboundTarget]) -> bool:
        """Deliver a document and mark those that it replaces; the result is that of `deliver`."""
        ...

    def update(self, item: Inbound, target: InboundTarget) -> None:
        """Record changed receivers or transport data; content stays (NĐ 30/2020 Đ18(3))."""
        ...

    def check(self) -> tuple[Finding, ...]:
        """Return what would keep the sink from working now; changes nothing."""
        ...


@runtime_checkable
class BatchSink(Protocol):
    """What a sink may offer besides: several documents for one wait, for those that come fast."""

    def deliver_many(self, items: Sequence[Inbound]) -> list[bool]:
        """Hand new documents over as `Sink.deliver` does for each, in the same order.

        If it raises, any number of them may have been delivered; each is tried again by itself.
        """
        ...
