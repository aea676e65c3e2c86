from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from connector.errors import ConfigError, Finding, NoInputError
from connector.mapping.config_hash import config_hash
from connector.mapping.fields import FIELDS
from connector.mapping.settings import (
    AdapterSettings,
    adapter_json_schema,
    check_columns,
    load_adapter,
)
from connector.model.packet import AttachmentEncoding, ChildOrder, CodeScheme

MINIMAL = """\
adapter_version: 1
name: g22-congvan
agency: G22
source: {type: csv, path: "export/*.csv"}
key: [SoKyHieu]
secrecy: {column: DoMat, table: do_mat}
tables:
  do_mat: {Thường: open, "": open, Mật: secret}
  loai: {file: loai.csv}
fields:
  code: {column: SoKyHieu, transforms: [trim, split_code]}
  promulgation.date: {column: Ngay, transforms: [{date: "dd/MM/yyyy"}]}
  promulgation.place: {value: Hà Nội}
  document_type: {column: Loai, transforms: [{table: loai}, document_type]}
  subject: {column: TrichYeu}
  signer.full_name: {column: NguoiKy}
  receivers: {column: NoiNhan, transforms: [{split: ";"}]}
attachments:
  - {column: Tep}
"""


def write(tmp_path: Path, text: str) -> Path:
    """Write an adapter's directory."""
    (tmp_path / "adapter.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "loai.csv").write_text("from,to\nCV,Công văn\n", encoding="utf-8")
    return tmp_path


def refused(tmp_path: Path, text: str) -> tuple[Finding, ...]:
    """Return why an adapter is refused."""
    with pytest.raises(ConfigError) as caught:
        load_adapter(write(tmp_path, text)).load_tables()
    return caught.value.findings


def test_adapter_is_read(tmp_path: Path) -> None:
    """The settings, tables and defaults of a small adapter."""
    settings = load_adapter(write(tmp_path, MINIMAL))
    assert settings.agency == "G22"
    assert settings.source == {"type": "csv", "path": "export/*.csv"}
    assert settings.node.place(("source", "path")).endswith("adapter.yaml:4:27")
    assert settings.route.order is ChildOrder.QCVN
    assert settings.route.attachment_encoding is AttachmentEncoding.ZIP
    assert settings.route.code_scheme is CodeScheme.QD20
    assert settings.load_tables()["loai"].get("CV") == "Công văn"


def test_columns_are_all_that_the_adapter_reads(tmp_path: Path) -> None:
    """Each column once, in the order of the file."""
    settings = load_adapter(write(tmp_path, MINIMAL))
    assert settings.columns == (
        "SoKyHieu",
        "DoMat",
        "Ngay",
        "Loai",
        "TrichYeu",
        "NguoiKy",
        "NoiNhan",
        "Tep",
    )


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ("adapter_version: 1", "adapter_version: 2", "EDX-1026", "1:18"),
        ("name: g22-congvan", "name: Công văn", "EDX-1015", "2:7"),
        ("agency: G22", "agency: 000.00.00.G22", "EDX-1028", "3:9"),
        ("key: [SoKyHieu]", "key: []", "EDX-1015", "5:6"),
        ("secrecy: {column: DoMat, table: do_mat}\n", "", "EDX-1011", "1:1"),
        ("table: do_mat}", "table: domat}", "EDX-1216", "6:33"),
        (", table: do_mat}", "}", "EDX-1215", "6:10"),
        ("{column: DoMat, table: do_mat}", "{not_exported: x}", "EDX-1015", "6:25"),
        ("Mật: secret", "Mật: sercet", "EDX-1210", "8:11"),
        ("Mật: secret", "TỐI MẬT: open", "EDX-1211", "8:11"),
        ("subject: {", "subjct: {", "EDX-1212", "15:3"),
        ("  subject: {column: TrichYeu}\n", "", "EDX-1217", "11:3"),
        ("subject: {column: TrichYeu}", "subject: {}", "EDX-1215", "15:12"),
        ("{column: TrichYeu}", "{column: a, value: b}", "EDX-1215", "15:12"),
        ("{column: TrichYeu}", "{column: a, required: false}", "EDX-1218", "15:34"),
        ("[trim, split_code]", "[trim, split_cod]", "EDX-1213", "11:47"),
        ('{date: "dd/MM/yyyy"}', "{date: dd/mm}", "EDX-1225", "12:57"),
        ("{table: loai}", "{table: laoi}", "EDX-1216", "14:54"),
        ("loai.csv", "gone.csv", "EDX-1220", "9:16"),
        ("  receivers", "  code.number: {column: a}\n  receivers", "EDX-1219", "17:3"),
        ("- {column: Tep}", "- {column: a, blob: b}", "EDX-1215", "19:5"),
        ("- {column: Tep}", "- {blob: b}", "EDX-1215", "19:5"),
        ("- {column: Tep}", "- {column: a, content_type: pdf}", "EDX-1015", "19:31"),
        ("attachments:", "route: {order: jav}\nattachments:", "EDX-1013", "18:16"),
    ],
)
def test_mistakes_are_found_at_their_place(
    tmp_path: Path, old: str, new: str, code: str, place: str
) -> None:
    """Each mistake of an adapter has its code at line and column."""
    assert old in MINIMAL
    found = [(one.code, one.place) for one in refused(tmp_path, MINIMAL.replace(old, new, 1))]
    assert (code, f"{tmp_path}/adapter.yaml:{place}") in found


def test_unknown_field_and_transform_have_suggestions(tmp_path: Path) -> None:
    """Misspelled names get the ones that were meant, in both languages."""
    text = MINIMAL.replace("signer.full_name", "signer.fullname").replace("trim,", "tirm,")
    sentences = " ".join(one.en + one.vi for one in refused(tmp_path, text))
    assert "'signer.full_name'" in sentences
    assert "'trim'" in sentences


def test_parts_can_stand_for_the_whole(tmp_path: Path) -> None:
    """Number and notation in two columns, and a kind in three, replace the whole fields."""
    text = MINIMAL.replace(
        "  code: {column: SoKyHieu, transforms: [trim, split_code]}\n",
        "  code.number: {column: So}\n  code.notation: {column: KyHieu}\n",
    ).replace(
        "  document_type: {column: Loai, transforms: [{table: loai}, document_type]}\n",
        "  document_type.type: {value: 2}\n  document_type.type_name: {column: Loai}\n",
    )
    assert "code.number" in load_adapter(write(tmp_path, text)).fields
    incomplete = text.replace("  code.notation: {column: KyHieu}\n", "")
    assert [one.code for one in refused(tmp_path, incomplete)] == ["EDX-1217"]


def test_all_secrecy_values_are_checked(tmp_path: Path) -> None:
    """Every degree of state secrecy that is mapped to open is told."""
    text = MINIMAL.replace("Mật: secret", "Mat: open, Tối mật: open, Tuyệt mật: open")
    assert [one.code for one in refused(tmp_path, text)] == ["EDX-1211"] * 3


def test_columns_are_checked_against_the_export(tmp_path: Path) -> None:
    """A column that the export does not have is found where it is named, with a suggestion."""
    settings = load_adapter(write(tmp_path, MINIMAL))
    columns = ["SoKyHieu", "DoMat", "Ngay", "Loai", "TrichYeu", "Nguoi_Ky", "NoiNhan", "Tep"]
    (found,) = check_columns(settings, columns)
    assert (found.code, found.place) == ("EDX-1224", f"{tmp_path}/adapter.yaml:16:30")
    assert "'Nguoi_Ky'" in found.en
    assert check_columns(settings, settings.columns) == ()


def test_unused_secrecy_column_is_found(tmp_path: Path) -> None:
    """An export with a secrecy column cannot be declared free of secrets."""
    text = MINIMAL.replace(
        "{column: DoMat, table: do_mat}", "{not_exported: hệ thống chỉ có văn bản thường}"
    )
    settings = load_adapter(write(tmp_path, text))
    found = check_columns(settings, [*settings.columns, "Cấp độ bảo mật"])
    assert [one.code for one in found] == ["EDX-1204"]


def test_absent_adapter_is_no_input(tmp_path: Path) -> None:
    """A directory without adapter.yaml ends with 66."""
    with pytest.raises(NoInputError):
        load_adapter(tmp_path)


def test_every_setting_and_field_is_described() -> None:
    """Settings and document fields carry title and description for the reference."""
    models: list[type[BaseModel]] = [AdapterSettings]
    for model in models:
        for name, field in model.model_fields.items():
            assert field.title, f"{model.__name__}.{name}"
            assert field.description, f"{model.__name__}.{name}"
            models.extend(one for one in _parts(field.annotation) if one not in models)
    assert len(models) > 6
    for target in FIELDS.values():
        assert target.title
        assert target.doc.endswith(".")


def test_json_schema_knows_fields_and_transforms() -> None:
    """Editors are told the fields, the transforms and that codes may stand without quotes."""
    schema = adapter_json_schema()
    text = str(schema)
    assert schema["$schema"].endswith("draft-07/schema#")
    assert "$defs" not in text
    assert set(schema["properties"]["fields"]["propertyNames"]["enum"]) == set(FIELDS)
    items = schema["definitions"]["FieldSettings"]["properties"]["transforms"]["items"]["anyOf"]
    assert "trim" in items[0]["enum"]
    assert "date" in items[0]["enum"]
    assert "split" not in items[0]["enum"]
    assert any("split" in one.get("properties", {}) for one in items)
    table = schema["definitions"]["TableSettings"]
    assert table["additionalProperties"] == {"type": ["string", "number", "boolean", "null"]}


def test_hash_changes_with_the_files_that_decide(tmp_path: Path) -> None:
    """adapter.yaml and table files count, other files and the directory's name do not."""
    first, second = tmp_path / "a", tmp_path / "b"
    for directory in (first, second):
        directory.mkdir()
        write(directory, MINIMAL)
    (second / "notes.txt").write_text("x", encoding="utf-8")
    same = config_hash(first, load_adapter(first))
    assert config_hash(second, load_adapter(second)) == same
    (second / "loai.csv").write_text("from,to\nCV,Báo cáo\n", encoding="utf-8")
    changed = config_hash(second, load_adapter(second))
    assert changed != same
    write(second, MINIMAL + "# x\n")
    assert config_hash(second, load_adapter(second)) not in {same, changed}
    settings = load_adapter(second)
    (second / "loai.csv").unlink()
    with pytest.raises(ConfigError):
        config_hash(second, settings)


def _parts(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in getattr(annotation, "__args__", ()) for found in _parts(part)]
