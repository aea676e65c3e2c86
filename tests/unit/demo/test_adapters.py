"""The example adapters turn the material into exactly what it promises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.agencies.catalogue import Catalogue
from connector.agencies.files import load
from connector.clock import ManualClock
from connector.demo.agencies import AGENCIES, DemoAgency
from connector.demo.corpus import Scene
from connector.demo.material import Expected, Material, Outcome, build
from connector.errors import RecordError
from connector.mapping.mapper import Mapper, SecretRefused
from connector.mapping.settings import AdapterSettings, check_columns, load_adapter
from connector.model.envelope import BusinessType, Document, Organization, Priority
from connector.model.record import Record
from connector.sources.base import Source
from connector.sources.registry import open_source

_REASONS = {
    Scene.CLASSIFIED: "EDX-1201",
    Scene.UNKNOWN_RECEIVER: "EDX-1247",
    Scene.IMPOSSIBLE_DATE: "EDX-1243",
}


class Opened:
    """One adapter of the material with its records by place."""

    def __init__(self, material: Material, agency: DemoAgency, catalogue: Catalogue) -> None:
        directory = material.adapters[agency.code]
        self.settings: AdapterSettings = load_adapter(directory)
        self.source: Source = open_source(self.settings.node, ("source",), directory)
        sender = Organization(organ_id=agency.code, organ_name=agency.name)
        tables = self.settings.load_tables()
        self._mapper = Mapper(self.settings, catalogue, tables, sender, clock=ManualClock())
        self.records = {record.place: record for record in self._records()}
        self.expected = [row for row in material.expected if row.agency == agency.code]

    def map(self, row: Expected) -> Document:
        """Return the document of one row."""
        return self._mapper.map(self.records[row.place], self.source.attachment).document

    def of_scene(self, scene: Scene) -> Expected:
        """Return the one row of a scene."""
        (row,) = (row for row in self.expected if row.scene is scene)
        return row

    def _records(self) -> Iterator[Record]:
        for batch in self.source.read(None):
            assert batch.refusals == ()
            yield from batch.records


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Opened]]:
    """All three adapters beside full exports, by the code of their agency."""
    material = build(tmp_path_factory.mktemp("demo"))
    catalogue = load(material.catalogue)
    adapters = {agency.code: Opened(material, agency, catalogue) for agency in AGENCIES}
    yield adapters
    for adapter in adapters.values():
        adapter.source.close()


@pytest.mark.parametrize("code", ["G22", "G09", "H41"])
def test_columns_of_export_and_adapter_agree(opened: dict[str, Opened], code: str) -> None:
    """Every column that an adapter names is in its export."""
    adapter = opened[code]
    assert check_columns(adapter.settings, adapter.source.columns()) == ()


@pytest.mark.parametrize("code", ["G22", "G09", "H41"])
def test_places_are_those_of_the_source(opened: dict[str, Opened], code: str) -> None:
    """The places that the material promises are the places that the source gives."""
    adapter = opened[code]
    assert list(adapter.records) == [row.place for row in adapter.expected]


@pytest.mark.parametrize("code", ["G22", "G09", "H41"])
def test_packaged_rows_become_the_promised_documents(opened: dict[str, Opened], code: str) -> None:
    """Identifier, receivers in order and number of attachments are as promised."""
    adapter = opened[code]
    for row in adapter.expected:
        if row.record is Outcome.PACKAGED:
            document = adapter.map(row)
            assert document.document_id == row.document_id
            assert [to.organ_id for to in document.receivers] == list(row.deliveries)
            assert len(document.attachments) == len(row.attachments)


@pytest.mark.parametrize("code", ["G22", "G09", "H41"])
def test_refused_rows_are_refused_for_their_reason(opened: dict[str, Opened], code: str) -> None:
    """A secret mark, an unknown receiver and 30/02 are refused, each with its code."""
    adapter = opened[code]
    refused = [row for row in adapter.expected if row.record is Outcome.REFUSED]
    assert refused
    for row in refused:
        with pytest.raises(RecordError) as caught:
            adapter.map(row)
        assert [finding.code for finding in caught.value.findings] == [_REASONS[row.scene]]
        assert isinstance(caught.value, SecretRefused) is (row.scene is Scene.CLASSIFIED)


def test_the_repetition_is_the_same_document(opened: dict[str, Opened]) -> None:
    """Exported twice, a row maps to an equal document, so that one packet is made."""
    adapter = opened["G22"]
    first, again = (
        adapter.map(adapter.of_scene(scene)) for scene in (Scene.EXPORTED_TWICE, Scene.REPETITION)
    )
    assert first.document_id == again.document_id
    assert first.subject == again.subject


def test_the_urgent_telegram_has_the_highest_urgency(opened: dict[str, Opened]) -> None:
    """Hỏa tốc is priority 3."""
    adapter = opened["G22"]
    assert adapter.map(adapter.of_scene(Scene.URGENT)).priority is Priority.IMMEDIATE


def test_the_replacement_names_what_it_replaces(opened: dict[str, Opened]) -> None:
    """The database's own join yields the identifier of the replaced document."""
    adapter = opened["H41"]
    replaced = adapter.of_scene(Scene.REPLACED)
    document = adapter.map(adapter.of_scene(Scene.REPLACEMENT))
    assert document.business_type is BusinessType.REPLACE
    assert document.business is not None
    assert [one.document_id for one in document.business.replacements] == [replaced.document_id]


def test_real_documents_are_sent_under_their_own_name(opened: dict[str, Opened]) -> None:
    """QĐ 28/2018 goes out as it was promulgated, as văn bản quy phạm pháp luật."""
    adapter = opened["G22"]
    document = adapter.map(adapter.expected[0])
    assert str(document.code) == "28/2018/QĐ-TTg"
    assert document.document_type.type == 1
    assert document.signer.full_name == "Nguyễn Xuân Phúc"
    assert document.subject == (
        "Về việc gửi, nhận văn bản điện tử giữa các cơ quan trong hệ thống hành chính nhà nước"
    )
