"""From recognised columns to a proposed adapter: transforms by what the values look like."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final

from connector.agencies.catalogue import Catalogue
from connector.agencies.names import AgencyNames
from connector.mapping.undecided import UNDECIDED
from connector.text.fold import fold
from connector.workbench.evidence import Column, Look, Reason
from connector.workbench.meanings import Meaning, meanings
from connector.workbench.proposal import Entry, Proposal, TableDraft
from connector.workbench.propose_files import propose_files
from connector.workbench.propose_lists import propose_receivers
from connector.workbench.propose_packets import propose_packet_fields
from connector.workbench.shapes import Shapes, date_patterns, has_degrees, readable, share

__all__ = ["propose"]

_SECRET: Final = ("Mật", "Tối mật", "Tuyệt mật")
_FOLDED_SECRET: Final = frozenset(map(fold, _SECRET))
_FOLDED_OPEN: Final = frozenset({"thuong", "khongmat", "binhthuong"})
_MANY: Final = 60
_AUTHORITY: Final = re.compile(r"\s*(?:TM|KT|TL|TUQ|Q)\.", re.IGNORECASE)
_CAPITAL_FONT: Final = re.compile("[A-Z]{2,}[à-ỹăâđêôơư]+[A-Z]|[A-Z][à-ỹăâđêôơư]+[A-Z]{2,}")
_SURE: Final = 0.9
_ANY_SHAPE: Final = frozenset({"subject"})
"""Meanings that a value may have whatever it looks like."""
_OPTIONAL: Final = {
    "competence": ("signer.competence", ["trim"]),
    "pages": ("other_info.page_amount", ["integer"]),
    "copies": ("other_info.promulgation_amount", ["integer"]),
    "sphere": ("other_info.sphere_of_promulgation", ["trim"]),
    "typer": ("other_info.typer_notation", ["trim"]),
}


def propose(look: Look, catalogue: Catalogue, today: dt.date, *, agency: str | None) -> Proposal:
    """Return the adapter that the sample suggests; what it does not tell is marked ``?``."""
    names = AgencyNames(catalogue)
    found = meanings(look.columns, Shapes(names, today))
    proposal = Proposal(
        look=look,
        name=_name(look),
        agency=_agency(found.get("issuer"), names, today, agency),
        key=_key(look, found),
        secrecy=_secrecy(found.get("secrecy")),
    )
    _note_secrecy(proposal, found.get("secrecy"))
    if proposal.agency.spec["value"] == UNDECIDED:
        proposal.decide("agency", "mã cơ quan gửi", "the code of the sending agency")
    if look.source["type"] == "edxml":
        proposal.key = ("document_id",)
        propose_packet_fields(proposal)
        return proposal
    _code(proposal, found)
    _date_and_place(proposal, found)
    _type_and_subject(proposal, found)
    _signer(proposal, found)
    propose_receivers(proposal, found, names, today)
    _others(proposal, found)
    propose_files(proposal, found.get("files"))
    return proposal


def _name(look: Look) -> str:
    words = re.findall("[a-z0-9]+", " ".join(map(fold, re.split(r"[\W_]+", look.path.stem))))
    return "-".join(words)[:60].strip("-") or "adapter"


def _agency(issuer: Meaning | None, names: AgencyNames, today: dt.date, told: str | None) -> Entry:
    if told is not None:
        reason = Reason("do người dùng nêu", "said by the user")
        return Entry("agency", {"value": told}, 1.0, (reason,))
    if issuer is not None and len(set(issuer.column.texts)) == 1:
        text = issuer.column.texts[0]
        found = names.named(text, today).open
        if len(found) == 1:
            reason = Reason(
                f"cột '{issuer.column.name}' luôn là '{text}'",
                f"column '{issuer.column.name}' is always '{text}'",
            )
            return Entry("agency", {"value": found[0].code}, 0.8, (reason,))
    return Entry("agency", {"value": UNDECIDED}, 0.0, ())


def _key(look: Look, found: dict[str, Meaning]) -> tuple[str, ...]:
    """Return the columns that tell the sample's records apart: code and date, else more."""
    code = [found[name].column for name in ("code", "number", "notation") if name in found]
    whole = [*code, *(found[name].column for name in ("date",) if name in found)]
    issuer = [found["issuer"].column] if "issuer" in found else []
    others = [[column] for column in look.columns if fold(column.name) in {"id", "@unid", "unid"}]
    for columns in (whole, [*whole, *issuer], *others):
        if columns and _is_unique(columns):
            return tuple(column.name for column in columns)
    return tuple(column.name for column in whole) or (UNDECIDED,)


def _is_unique(columns: list[Column]) -> bool:
    rows = list(zip(*(column.values for column in columns), strict=True))
    return len({repr(row) for row in rows}) == len(rows) and all(
        value not in {None, ""} for row in rows for value in row
    )


def _secrecy(meaning: Meaning | None) -> Entry:
    if meaning is None:
        return Entry("secrecy", {"undecided": UNDECIDED}, 0.0, ())
    spec = {"column": meaning.column.name, "table": "do_mat"}
    return Entry("secrecy", spec, meaning.confidence, meaning.reasons)


def _note_secrecy(proposal: Proposal, meaning: Meaning | None) -> None:
    """Write down which values are secret by their own words; all others a person decides."""
    if meaning is None:
        like = [column.name for column in proposal.look.columns if has_degrees(column)]
        seen_vi = f"; có thể là cột '{like[0]}'" if like else ""
        seen_en = f"; it may be column '{like[0]}'" if like else ""
        proposal.decide(
            "secrecy",
            f"không tìm thấy cột độ mật; connector không tự suy đoán{seen_vi}",
            f"no column of secrecy was found; it is never guessed{seen_en}",
        )
        return
    rows: dict[str, tuple[str, str]] = {}
    for value in meaning.column.distinct[:_MANY]:
        key = fold(value)
        if key in _FOLDED_SECRET:
            rows[value] = ("secret", "")
        else:
            rows[value] = ("open" if key in _FOLDED_OPEN else UNDECIDED, "")
    known = set(map(fold, rows))
    rows |= {word: ("secret", "") for word in _SECRET if fold(word) not in known}
    open_rows = [value for value, (verdict, _) in rows.items() if verdict == UNDECIDED]
    for value in open_rows:
        proposal.decide(
            "tables.do_mat",
            f"giá trị '{value}' của cột '{meaning.column.name}' là open hay secret",
            f"whether '{value}' in column '{meaning.column.name}' is open or secret",
        )
    proposal.tables.append(TableDraft("do_mat", tuple((v, *row) for v, row in rows.items())))


def _add(
    proposal: Proposal, path: str, meaning: Meaning, transforms: list[Any], **more: Any
) -> None:
    spec: dict[str, Any] = {"column": meaning.column.name}
    reasons = meaning.reasons
    if meaning.likeness == 0 and meaning.name not in _ANY_SHAPE and not _has_table(transforms):
        _fits_nothing(proposal, path, meaning, more)
        return
    if share(meaning.column.texts, lambda text: bool(_CAPITAL_FONT.search(str(text)))) >= 0.3:
        transforms = ["capitals", *transforms]
        reasons += (
            Reason("gõ bằng phông chữ hoa (.VnTimeH)", "typed in a capital font (.VnTimeH)"),
        )
    if transforms:
        spec["transforms"] = transforms
    if meaning.runner_up is not None and meaning.confidence < _SURE:
        reasons += (
            Reason(f"cũng có thể là '{meaning.runner_up}'", f"or it is '{meaning.runner_up}'"),
        )
    proposal.fields.append(Entry(path, {**spec, **more}, meaning.confidence, reasons))


def _has_table(transforms: list[Any]) -> bool:
    """Tell whether the values are left to a person's table."""
    return any(isinstance(one, dict) and "table" in one for one in transforms)


def _fits_nothing(proposal: Proposal, path: str, meaning: Meaning, more: dict[str, Any]) -> None:
    """Leave open what no value of the sample bears out, whatever the column is called."""
    name = meaning.column.name
    shown = ", ".join(f"'{value}'" for value in list(dict.fromkeys(meaning.column.texts))[:3])
    reason = Reason(f"có thể là cột '{name}'", f"it may be column '{name}'")
    entry = Entry(path, {"column": UNDECIDED, **more}, 0.0, (*meaning.reasons, reason))
    proposal.fields.append(entry)
    proposal.decide(
        f"fields.{path}",
        f"không giá trị nào của cột '{name}' có dạng phù hợp: {shown}; ghi cột và cách chuyển đổi",
        f"no value of column '{name}' has the shape: {shown}; name the column and its transforms",
    )


def _missing(proposal: Proposal, path: str, vi: str, en: str, *, constant: bool = False) -> None:
    spec = {"value": UNDECIDED} if constant else {"column": UNDECIDED}
    proposal.fields.append(Entry(path, spec, 0.0, ()))
    proposal.decide(f"fields.{path}", vi, en)


def _code(proposal: Proposal, found: dict[str, Meaning]) -> None:
    if "code" in found:
        texts = found["code"].column.texts
        plain = share(texts, lambda text: readable(["trim", "split_code"], text))
        labelled = share(texts, lambda text: readable(["without_label", "split_code"], text))
        clean = "without_label" if labelled > plain else "trim"
        _add(proposal, "code", found["code"], [clean, "split_code"])
    elif "number" in found and "notation" in found:
        _add(proposal, "code.number", found["number"], ["trim"])
        _add(proposal, "code.notation", found["notation"], ["trim"])
    else:
        _missing(proposal, "code", "cột số và ký hiệu", "the column of number and notation")


def _dates(column: Column) -> tuple[list[Any], tuple[Reason, ...]]:
    present = [value for value in column.values if value not in {None, ""}]
    patterns, read = date_patterns(present)
    if not patterns:
        return ["date"], ()
    reasons = [Reason(f"mẫu ngày: {', '.join(patterns)}", f"forms: {', '.join(patterns)}")]
    if read < 1:
        count = round((1 - read) * len(present))
        reasons.append(Reason(f"{count} giá trị không phải ngày", f"{count} values are no dates"))
    return [{"date": patterns[0] if len(patterns) == 1 else list(patterns)}], tuple(reasons)


def _date_and_place(proposal: Proposal, found: dict[str, Meaning]) -> None:
    date = found.get("date")
    if date is None:
        _missing(proposal, "promulgation.date", "cột ngày ban hành", "the column of the date")
    else:
        transforms, reasons = _dates(date.column)
        _add(proposal, "promulgation.date", date, transforms)
        last = proposal.fields[-1]
        why = (*last.reasons, *reasons)
        proposal.fields[-1] = Entry(last.path, last.spec, last.confidence, why)
    in_date = date is not None and share(
        date.column.texts, lambda text: readable(["place_before_date"], text)
    )
    if "place" in found:
        _add(proposal, "promulgation.place", found["place"], ["trim"])
    elif date is not None and in_date and in_date >= _SURE:
        _add(proposal, "promulgation.place", date, ["place_before_date"])
    else:
        _missing(
            proposal,
            "promulgation.place",
            "địa danh ghi trên văn bản (ví dụ Hà Nội)",
            "the place of issue on the documents (such as Hà Nội)",
            constant=True,
        )


def _type_and_subject(proposal: Proposal, found: dict[str, Meaning]) -> None:
    both = found.get("type_and_subject")
    subject = found.get("subject") or both
    if "type" in found:
        _type(proposal, found["type"])
    elif subject is not None and _leads(subject.column):
        _add(proposal, "document_type", subject, ["leading_type"])
        both = both or subject
    else:
        _missing(proposal, "document_type", "tên loại văn bản", "the kind of document")
    if subject is None:
        _missing(proposal, "subject", "cột trích yếu", "the column of the subject")
    elif both is not None and subject.column == both.column:
        _add(proposal, "subject", subject, ["without_type", "collapse_spaces"])
    else:
        _add(proposal, "subject", subject, ["collapse_spaces"])


def _leads(column: Column) -> bool:
    return share(column.texts, lambda text: readable(["leading_type"], text)) >= 0.6


def _type(proposal: Proposal, meaning: Meaning) -> None:
    values = meaning.column.distinct[:_MANY]
    unknown = [v for v in values if v and not readable(["trim", "document_type"], v)]
    transforms: list[Any] = ["trim", "document_type"]
    if unknown:
        _table(proposal, "loai", meaning.column, unknown, "tên loại văn bản", "a kind of document")
        transforms.insert(1, {"table": {"table": "loai", "unknown": "keep"}})
    _add(proposal, "document_type", meaning, transforms)


def _table(
    proposal: Proposal, name: str, column: Column, values: list[str], vi: str, en: str
) -> None:
    proposal.tables.append(TableDraft(name, tuple((value, UNDECIDED, "") for value in values)))
    shown = ", ".join(f"'{value}'" for value in values[:5])
    proposal.decide(
        f"tables.{name}",
        f"{len(values)} giá trị của cột '{column.name}' ứng với {vi} nào: {shown}",
        f"which {en} {len(values)} values of column '{column.name}' are: {shown}",
    )


def _signer(proposal: Proposal, found: dict[str, Meaning]) -> None:
    if "signer" in found:
        _add(proposal, "signer.full_name", found["signer"], ["trim"])
    else:
        _missing(proposal, "signer.full_name", "cột người ký", "the column of the signer")
    position = found.get("position")
    if position is None:
        return
    authority = share(position.column.texts, lambda text: bool(_AUTHORITY.match(str(text))))
    if authority > 0.2 and "competence" not in found:
        _add(proposal, "signer", position, ["competence_position"], required=False)
    else:
        _add(proposal, "signer.position", position, ["trim"], required=False)


def _others(proposal: Proposal, found: dict[str, Meaning]) -> None:
    for name, (path, transforms) in _OPTIONAL.items():
        if name in found and found[name].confidence >= 0.6:
            _add(proposal, path, found[name], transforms, required=False)
    if "due" in found:
        transforms, reasons = _dates(found["due"].column)
        if reasons:
            _add(proposal, "due_date", found["due"], transforms, required=False)
    priority = found.get("priority")
    if priority is None:
        return
    values = [value for value in priority.column.distinct[:_MANY] if value]
    unknown = [value for value in values if not readable(["trim", "priority"], value)]
    chain: list[Any] = ["trim", "priority"]
    if unknown:
        _table(proposal, "do_khan", priority.column, unknown, "độ khẩn", "a degree of urgency")
        chain.insert(1, {"table": {"table": "do_khan", "unknown": "keep"}})
    _add(proposal, "other_info.priority", priority, chain, required=False)
