"""Make a packet of the past again: its record as the export has it now, its own configuration.

The digest that was signed is that of the whole packet without its signature, so equal digests
mean equal bytes. Names of agencies come from the present catalogue and connector.yaml.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from connector.clock import Clock, ManualClock, vietnam_date
from connector.config.load import parse
from connector.config.yaml_source import load_yaml
from connector.edxml.pack import pack
from connector.edxml.reader import read
from connector.errors import Bug, NoInputError, PermanentError, RecordError
from connector.flow import codes
from connector.flow.adapters.adapter import Adapter, make_adapter
from connector.flow.adapters.codes import (
    CONFIG_NOT_KEPT,
    NOT_FROM_ADAPTER,
    RECORD_GONE,
    UNKNOWN_ADAPTER,
)
from connector.flow.adapters.difference import difference
from connector.flow.bodies import Bodies
from connector.flow.ours import Ours
from connector.flow.workers.sealer import stamp
from connector.mapping.settings import ADAPTER_FILE, AdapterSettings
from connector.model.envelope import Document
from connector.model.record import Record
from connector.sources.base import Source
from connector.store import codes as store_codes
from connector.store import configs, outbox
from connector.store.outbox import OutboxPacket
from connector.store.spool import Spool
from connector.store.store import Store

__all__ = ["Replay", "Replayed"]

_SIGNATURE: Final = re.compile(rb"<ds:Signature[ >].*?</ds:Signature>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How the packet that was made again compares with the one that was sent."""

    packet_id: str
    adapter: str
    config_hash: str
    sent_from: str
    found_at: str
    equal: bool
    difference: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A packet that went out, and the moment of its first trace."""

    row: OutboxPacket
    unsigned: bytes
    moment: dt.datetime


class Replay:
    """Rebuilds packets; `directories` are those of the node's adapters by name."""

    def __init__(
        self, store: Store, spool: Spool, ours: Ours, directories: Mapping[str, Path], clock: Clock
    ) -> None:
        self._store = store
        self._spool = spool
        self._ours = ours
        self._directories = directories
        self._clock = clock

    def replay(self, packet: OutboxPacket) -> Replayed:
        """Make one packet again and compare it, bit for bit.

        Raises:
            PermanentError: no adapter made it, or its configuration was not kept.
            NoInputError: the export no longer has the record.
            UnavailableError: the export does not answer.
        """
        name, config_hash = packet.adapter, packet.config_hash
        if name is None or config_hash is None:
            raise PermanentError(NOT_FROM_ADAPTER.at(packet_id=packet.packet_id))
        if name not in self._directories:
            known = ", ".join(sorted(self._directories)) or "-"
            raise PermanentError(UNKNOWN_ADAPTER.at(name=name, known=known))
        sent, files = self._sent(packet), self._files(packet, config_hash)
        with tempfile.TemporaryDirectory(prefix="connector-replay-") as scratch:
            adapter = self._adapter(Path(scratch), files, name, config_hash, sent.moment)
            source = adapter.open_source()
            try:
                record = _found(adapter, source, packet)
                found = _difference(adapter, source, record, sent)
            finally:
                source.close()
        return Replayed(
            packet_id=packet.packet_id,
            adapter=name,
            config_hash=config_hash,
            sent_from=packet.place or "",
            found_at=record.place,
            equal=found is None,
            difference=found or "",
        )

    def _files(self, packet: OutboxPacket, config_hash: str) -> dict[str, bytes]:
        with self._store.read() as tx:
            files = configs.config(tx, config_hash)
        if files is None:
            short = config_hash[:12]
            text = CONFIG_NOT_KEPT.at(config_hash=short, packet_id=packet.packet_id)
            raise PermanentError(text)
        return files

    def _sent(self, packet: OutboxPacket) -> _Sent:
        with self._store.read() as tx:
            recipe = outbox.recipe(tx, packet.packet_id)
        data = Bodies(self._spool).data(packet, recipe)
        envelope = read(data).envelope
        traces = envelope.traces if isinstance(envelope, Document) else ()
        moment = traces[0].timestamp if traces else packet.sealed_at
        return _Sent(packet, _SIGNATURE.sub(b"", data, count=1), moment)

    def _adapter(
        self,
        scratch: Path,
        files: Mapping[str, bytes],
        name: str,
        config_hash: str,
        moment: dt.datetime,
    ) -> Adapter:
        """Wire the adapter as it was; its export is opened as it is now."""
        paths = {key: scratch / f"{number}-{Path(key).name}" for number, key in enumerate(files)}
        paths[ADAPTER_FILE] = scratch / ADAPTER_FILE
        for key, data in files.items():
            paths[key].write_bytes(data)
        node = load_yaml(paths[ADAPTER_FILE])
        node = replace(node, path=self._directories[name] / ADAPTER_FILE)  # the export's paths
        settings = _with_files(parse(AdapterSettings, node), paths)
        organization = self._ours.organization(settings.agency)
        if organization is None:
            raise PermanentError(codes.AGENCY_NOT_OF_NODE.at(code=settings.agency))
        then = ManualClock(moment)
        adapter = make_adapter(scratch, settings, organization, self._ours, clock=then)
        if adapter.config_hash != config_hash:
            reason = f"configuration {config_hash} was kept as {adapter.config_hash}"
            raise Bug(store_codes.MISUSE.at(reason=reason))
        return replace(adapter, directory=self._directories[name], clock=self._clock)


def _with_files(settings: AdapterSettings, paths: Mapping[str, Path]) -> AdapterSettings:
    tables = {
        name: table.model_copy(update={"file": paths[f"tables/{name}"]}) if table.file else table
        for name, table in settings.tables.items()
    }
    update: dict[str, Any] = {"tables": tables}
    if settings.python is not None:
        update["python"] = settings.python.model_copy(update={"file": paths["python"]})
    return settings.model_copy(update=update)


def _found(adapter: Adapter, source: Source, packet: OutboxPacket) -> Record:
    """Return the record of a packet: where it stood when it was sent, else the last of its key."""
    last: Record | None = None
    for batch in source.read(None):
        for record in batch.records:
            if adapter.mapper.source_key(record) == packet.source_key:
                if record.place == packet.place:
                    return record
                last = record
    if last is None:
        key, place = packet.source_key, packet.place
        raise NoInputError(RECORD_GONE.at(source_key=key, adapter=adapter.name, was=place))
    return last


def _difference(adapter: Adapter, source: Source, record: Record, sent: _Sent) -> str | None:
    """Return what is different, None if every byte is the same."""
    try:
        document = stamp(adapter.map(record, source).document, sent.moment)
        packet = pack(document, adapter.options, today=vietnam_date(sent.moment))
    except (RecordError, PermanentError) as error:
        return "\n".join(str(finding) for finding in error.findings)
    digest = hashlib.sha256()
    for chunk in packet.chunks():
        digest.update(chunk)
    if digest.hexdigest() == sent.row.digest:
        return None
    return difference(sent.unsigned, packet.data)
