from __future__ import annotations

import contextlib
import datetime as dt
import re
import string
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.agencies.agency import Agency
from connector.agencies.catalogue import Catalogue
from connector.clock import ManualClock
from connector.config.load import parse
from connector.config.yaml_source import parse_yaml
from connector.errors import Finding, RecordError
from connector.mapping.code_transforms import split_code
from connector.mapping.fields import FIELDS, Kind
from connector.mapping.mapper import Mapped, Mapper, SecretRefused
from connector.mapping.settings import AdapterSettings
from connector.mapping.tables import CodeTable
from connector.mapping.transforms import TRANSFORMS, bind, call
from connector.mapping.values import Refusal
from connector.model.content import BytesContent, Content
from connector.model.envelope import Organization
from connector.model.record import Record

BY_KIND = {
    Kind.TEXT: "[trim]",
    Kind.DATE: "[{date: [dd/MM/yyyy, text, excel]}]",
    Kind.WHOLE: "[integer]",
    Kind.BOOLEAN: "[boolean]",
    Kind.CODE: "[trim, split_code]",
    Kind.DOCUMENT_TYPE: "[document_type]",
    Kind.SIGNER: "[competence_position]",
    Kind.PRIORITY: "[priority]",
    Kind.BUSINESS_TYPE: "[]",
}
PARTS = {"code.number", "code.notation", "signer.position", "signer.competence"}
MAPPED = [path for path in FIELDS if path not in PARTS and not path.startswith("document_type.")]
ADAPTER = "\n".join(
    [
        "adapter_version: 1",
        "name: every-field",
        "agency: G22",
        "source: {type: csv}",
        "key: [code]",
        "secrecy: {column: secrecy, table: t}",
        'tables: {t: {"": open, Thường: open, Mật: secret}}',
        "fields:",
        *(
            f"  {path}: {{column: {path}, transforms: {BY_KIND[FIELDS[path].kind]}}}"
            for path in MAPPED
        ),
        "attachments: [{column: files, split: ';'}, {blob: blob, name: name}]",
    ]
)
COLUMNS = [*MAPPED, "files", "blob", "name"]
SENSIBLE = st.sampled_from(["05/NQ-CP", "28/2018/QĐ-TTg", "05/01/2020", "Công văn", "H41", "G09"])
SENSIBLE |= st.sampled_from(["1", "2", "3", "Khẩn", "có", "", "  ", "N/A", "Quyết định"])
SENSIBLE |= st.sampled_from(["KT. BỘ TRƯỞNG", "a.pdf", "b.docx; c.pdf", "Hà Nội", "id-1"])
CELLS = st.one_of(
    SENSIBLE,
    st.text(st.characters(codec=None), max_size=12),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.binary(max_size=4),
    st.dates(),
    st.datetimes(),
    st.times(),
)
GOOD: dict[str, Any] = {
    **dict.fromkeys(COLUMNS),
    "code": "7816/VPCP-TTĐT",
    "promulgation.place": "Hà Nội",
    "promulgation.date": "30/09/2025",
    "document_type": "Công văn",
    "subject": "Trích yếu",
    "signer.full_name": "Nguyễn Văn A",
    "receivers": "H41",
}


def attach(record: Record, reference: str) -> Content:
    """Open any file."""
    return BytesContent((record.place + reference).encode("utf-8", "replace"))


def build() -> Mapper:
    """Build a mapper that maps every field."""
    read = parse(AdapterSettings, parse_yaml(ADAPTER.encode(), Path("adapter.yaml"), environ={}))
    agencies = [Agency(code=code, name=f"Cơ quan {code}") for code in ("G22", "G09", "H41")]
    sender = Organization(organ_id="G22", organ_name="Văn phòng Chính phủ")
    return Mapper(read, Catalogue(agencies), read.load_tables(), sender, clock=ManualClock())


MAPPER = build()


def outcome(record: Record, *, explain: bool) -> tuple[Mapped | None, tuple[Finding, ...]]:
    """Return what became of a record."""
    try:
        return MAPPER.map(record, attach, explain=explain), ()
    except RecordError as error:
        return None, error.findings


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(COLUMNS), CELLS), st.booleans())
def test_any_record_is_mapped_or_refused(changes: dict[str, Any], explain: bool) -> None:
    """Whatever a cell holds, the record becomes a document or is refused with findings."""
    record = Record("x.csv:2", {**GOOD, "secrecy": "Thường", **changes})
    mapped, findings = outcome(record, explain=explain)
    if mapped is None:
        assert findings
        assert all(finding.code.startswith(("EDX-12", "EDX-85")) for finding in findings)
        assert all((finding.en + finding.vi).encode() for finding in findings)
    else:
        assert mapped.document.subject.strip()
        assert mapped.document.receivers
        assert outcome(record, explain=explain) == (mapped, ())


@settings(deadline=None)
@given(CELLS, st.dictionaries(st.sampled_from(COLUMNS), CELLS, max_size=4))
def test_only_declared_values_are_open(value: Any, changes: dict[str, Any]) -> None:
    """No value but those of the table lets a record pass the gate."""
    record = Record("x.csv:2", {**GOOD, **changes, "secrecy": value})
    is_open = value is None or (isinstance(value, str) and value.split() in ([], ["Thường"]))
    try:
        MAPPER.map(record, attach)
        refused = False
    except SecretRefused:
        refused = True
    except RecordError:
        refused = False
    assert refused is not is_open


NUMBERS = st.from_regex(r"[0-9]{1,6}[A-Za-zĐđ]?", fullmatch=True)
WORDS = st.text(string.ascii_letters + string.digits + "ĐÂƯđâư.&()", min_size=1, max_size=6)
NOTATIONS = (
    st.lists(WORDS, min_size=1, max_size=4)
    .flatmap(
        lambda words: st.lists(
            st.sampled_from("/-"), min_size=len(words) - 1, max_size=len(words) - 1
        ).map(lambda joints: "".join(a + b for a, b in zip(words, [*joints, ""], strict=True)))
    )
    .filter(lambda notation: not re.fullmatch("(?:19|20)[0-9]{2}", notation))
)


@given(NUMBERS, st.sampled_from("/-"), NOTATIONS)
def test_split_code_joins_to_the_same(number: str, joint: str, notation: str) -> None:
    """Every legal số và ký hiệu is split without loss."""
    text = f"{number}{joint}{notation}"
    code = split_code(text)
    assert str(code) == text
    assert code.number == number


@given(st.text(max_size=20))
def test_split_code_is_lossless_or_refuses(text: str) -> None:
    """Any text is split so that it joins to itself (composed), or it is refused."""
    try:
        code = split_code(text)
    except Refusal:
        return
    assert str(code) == bind([call("nfc")], {})[0].function(text)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(TRANSFORMS)), CELLS)
def test_transforms_return_or_refuse(name: str, value: Any) -> None:
    """A transform gives a value or refuses it; it never fails otherwise."""
    argument = TRANSFORMS[name].examples[0].argument
    days = {"2026-01-01": "holiday"}
    tables = {one: CodeTable.of(one, days) for one in ("ngay_nghi", "noi_nhan")}
    (bound,) = bind([call(name, argument)], tables, {"so_ky_hieu": str})
    with contextlib.suppress(Refusal):
        bound.function(value)


@given(st.dates(dt.date(1000, 1, 1), dt.date(9999, 12, 31)))
def test_dates_are_read_as_they_are_written(day: dt.date) -> None:
    """Every day is read back from its Vietnamese spelling."""
    (bound,) = bind([call("date")], {})
    assert bound.function(f"{day.day:02d}/{day.month:02d}/{day.year:04d}") == day
    assert bound.function(f"ngày {day.day} tháng {day.month} năm {day.year:04d}") == day
