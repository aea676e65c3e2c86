"""An adapter: one directory that turns one legacy export into documents of one agency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from connector.clock import Clock
from connector.errors import ConfigError, PermanentError
from connector.flow import codes
from connector.flow.ours import Ours
from connector.mapping.config_hash import config_files, hash_of
from connector.mapping.mapper import Mapped, Mapper
from connector.mapping.settings import AdapterSettings
from connector.mapping.settings import load_adapter as load_settings
from connector.model.envelope import Document, Organization
from connector.model.packet import CodeScheme, WriteOptions
from connector.model.record import Record
from connector.sources.base import Source
from connector.sources.registry import open_source

__all__ = ["Adapter", "load_adapter", "make_adapter", "stand_alone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """An adapter whose configuration fits; its export is opened for each pass."""

    directory: Path
    settings: AdapterSettings
    mapper: Mapper
    config_hash: str
    config_files: Mapping[str, bytes]
    ours: Ours
    clock: Clock

    @property
    def name(self) -> str:
        """Under which the store keeps its cursor and its records."""
        return self.settings.name

    @property
    def agency(self) -> str:
        """The code that stands as From."""
        return self.settings.agency

    @property
    def options(self) -> WriteOptions:
        """How its packets are written."""
        route = self.settings.route
        return WriteOptions(order=route.order, attachment_encoding=route.attachment_encoding)

    def open_source(self) -> Source:
        """Open the export.

        Raises:
            ConfigError: the settings of the source do not fit.
            UnavailableError: the export is not there now.
        """
        return open_source(self.settings.node, ("source",), self.directory, clock=self.clock)

    def map(self, record: Record, source: Source, *, explain: bool = False) -> Mapped:
        """Map a record and spell its agency codes as the route wants them.

        Raises:
            RecordError: with every finding of the record.
        """
        mapped = self.mapper.map(record, source.attachment, explain=explain)
        if self.settings.route.code_scheme is CodeScheme.QD20:
            return mapped
        return replace(mapped, document=self._in_qcvn(mapped.document))

    def receivers(self, document: Document) -> tuple[str, ...]:
        """Return the canonical codes to which a document goes, each once."""
        canonical = (self.ours.canonical(to.organ_id) for to in document.receivers)
        return tuple(dict.fromkeys(canonical))

    def _in_qcvn(self, document: Document) -> Document:
        return replace(
            document,
            sender=self._spelled(document.sender),
            receivers=tuple(self._spelled(to) for to in document.receivers),
        )

    def _spelled(self, organization: Organization) -> Organization:
        code = self.ours.catalogue.code102(organization.organ_id)
        if code is None:
            raise PermanentError(codes.CODE_WITHOUT_QCVN.at(code=organization.organ_id))
        return replace(organization, organ_id=code)


def load_adapter(directory: Path, ours: Ours, clock: Clock) -> Adapter:
    """Read an adapter of a node.

    Raises:
        ConfigError: with every finding; its agency must be one of the node.
    """
    settings = load_settings(directory)
    organization = ours.organization(settings.agency)
    if organization is None:
        place = settings.node.place(("agency",))
        raise ConfigError(codes.AGENCY_NOT_OF_NODE.at(place, code=settings.agency))
    return make_adapter(directory, settings, organization, ours, clock=clock)


def make_adapter(
    directory: Path,
    settings: AdapterSettings,
    organization: Organization,
    ours: Ours,
    *,
    clock: Clock,
) -> Adapter:
    """Wire an adapter whose settings are read; raises ConfigError on its tables."""
    particulars = settings.organization.model_dump(exclude_none=True)
    mapper = Mapper(
        settings,
        catalogue=ours.catalogue,
        tables=settings.load_tables(),
        sender=replace(organization, **particulars),
        clock=clock,
    )
    files = config_files(directory, settings)
    return Adapter(
        directory=directory,
        settings=settings,
        mapper=mapper,
        config_hash=hash_of(files),
        config_files=files,
        ours=ours,
        clock=clock,
    )


def stand_alone(directory: Path, ours: Ours, clock: Clock) -> Adapter:
    """Read an adapter outside of any node, as `lint`, `test` and `preview` do.

    The sender's name comes from the adapter, else from the catalogue.
    """
    settings = load_settings(directory)
    known = ours.catalogue.get(settings.agency)
    name = settings.organization.organ_name or (known.name if known else settings.agency)
    organization = Organization(organ_id=settings.agency, organ_name=name)
    return make_adapter(directory, settings, organization, ours, clock=clock)
