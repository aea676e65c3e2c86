"""What columns of known systems are called: names folded, each for one meaning.

The names are those that exports of VNPT iOffice, V-Office, eGov, eOffice, Odoo, the flattened
JSON of the axis operator's tools and the registers of NĐ 30/2020 Phụ lục IV have.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from connector.mapping.secrecy import looks_secret
from connector.text.fold import fold

__all__ = ["ALIASES", "alias_of", "folded", "is_known"]

ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "code": (
        "sokyhieu",
        "vbsokyhieu",
        "sokyhieuvanban",
        "sokyhieuvb",
        "sovakyhieu",
        "sovakyhieuvanban",
        "sohieu",
        "sohieuvanban",
        "sohieuvb",
        "sokh",
        "socv",
        "socongvan",
        "macongvanso",
        "doccode",
        "documentcode",
        "documentno",
        "docnumber",
        "codenumbernotation",
        "sovanban",
        "sovb",
        "number+notation",
    ),
    "number": ("codenumber", "so", "sodi", "docno", "number", "vbso", "sovanban", "sovb"),
    "notation": ("codenotation", "kyhieu", "notation", "kyhieuvb", "kyhieuvanban", "vbkyhieu"),
    "subject": (
        "trichyeu",
        "vbtrichyeu",
        "trichyeunoidung",
        "trichyeund",
        "trichyeuvanban",
        "noidungtrichyeu",
        "noidung",
        "mota",
        "tieude",
        "tieudecv",
        "compendium",
        "abstract",
        "docabstract",
        "subject",
        "messageheadersubject",
        "vevieccuavanban",
        "veviec",
    ),
    "type_and_subject": (
        "tenloaivatrichyeunoidungvanban",
        "tenloaivatrichyeunoidung",
        "tenloaivatrichyeu",
        "tenloaitrichyeu",
        "tenloaivatrichyeunoidungcuavanban",
        "tenloaitrichyeunoidung",
    ),
    "date": (
        "ngaybanhanh",
        "ngayvanban",
        "ngayvb",
        "ngayphathanh",
        "ngayky",
        "ngaykyvanban",
        "ngaythangvanban",
        "ngaythangnamvanban",
        "ngaythang",
        "ngaythangnam",
        "ngaydi",
        "ngaythangbanhanh",
        "datepublished",
        "publishdate",
        "promulgationdate",
        "issueddate",
        "issuedate",
        "documentdate",
        "docdate",
        "ngay",
    ),
    "issuer": (
        "coquanbanhanh",
        "tencoquanbanhanh",
        "coquanbanhanhid",
        "donvibanhanh",
        "macoquan",
        "madonvi",
        "noigui",
        "noibanhanhvanban",
        "tacgia",
        "cqbh",
        "publishunit",
        "sendercode",
        "fromorganid",
        "organname",
        "coquangui",
        "donvigui",
        "messageheaderfromorganid",
    ),
    "type": (
        "loaivanban",
        "tenloaivanban",
        "loaivb",
        "loaivanbanid",
        "hinhthucvanban",
        "mahinhthuc",
        "maloaicongvan",
        "tenloai",
        "maloaicv",
        "loaicv",
        "documenttypename",
        "documenttype",
        "doctype",
        "typename",
        "theloai",
        "theloaivanban",
        "hinhthuc",
        "maloai",
        "loai",
    ),
    "signer": (
        "nguoiky",
        "tennguoiky",
        "hotennguoiky",
        "nguoikyvanban",
        "nguoikyid",
        "manguoiky",
        "signer",
        "signername",
        "signerinfofullname",
        "fullname",
    ),
    "position": (
        "chucvunguoiky",
        "chucvu",
        "chucdanh",
        "chucvuky",
        "signerposition",
        "signerinfoposition",
        "position",
        "quyenhanchucvu",
        "chucdanhnguoiky",
    ),
    "competence": ("thamquyen", "thamquyenky", "competence", "signerinfocompetence", "quyenhan"),
    "priority": (
        "dokhan",
        "capdokhan",
        "mucdokhan",
        "dokhanvanban",
        "dokhanvanbanid",
        "dokhanid",
        "urgentid",
        "urgent",
        "urgency",
        "priority",
        "otherinfopriority",
        "tinhchatkhan",
        "madokhan",
    ),
    "secrecy": (
        "domat",
        "madomat",
        "domatid",
        "capdomat",
        "mucdomat",
        "capdobaomat",
        "dobaomat",
        "mucdobaomat",
        "domatvanban",
        "domatvanbanid",
        "secretid",
        "secret",
        "secrecy",
        "securitylevel",
        "tinhchatmat",
    ),
    "due": (
        "hanxuly",
        "hangiaiquyet",
        "hantraloi",
        "thoihan",
        "thoihantraloi",
        "thoihangiaiquyet",
        "hanvanban",
        "hanhoanthanh",
        "ngayhethan",
        "duedate",
        "deadline",
    ),
    "receivers": (
        "noinhan",
        "noinhanvanban",
        "noinhanvb",
        "noinhankhongdanhmuc",
        "noinhanbenngoai",
        "noinhanbenngoaiids",
        "donvingoai",
        "donvinhan",
        "coquannhan",
        "coquannhanvanban",
        "danhsachnoinhan",
        "toorgandomain",
        "toorganid",
        "receivers",
        "receiver",
        "recipients",
        "guidonvi",
    ),
    "addressees": ("kinhgui", "noikinhgui"),
    "pages": ("sotrang", "soto", "sotrangvanban", "numberpaper", "pageamount", "pages"),
    "copies": ("soban", "soluong", "soluongban", "sobanphathanh", "promulgationamount", "copies"),
    "files": (
        "tepdinhkem",
        "teptulieu",
        "tepvanban",
        "tentep",
        "tenfile",
        "duongdanfile",
        "duongdanfilescan",
        "filedinhkem",
        "filepath",
        "filename",
        "attachment",
        "attachments",
        "dinhkem",
        "tailieudinhkem",
        "files",
        "$file",
    ),
    "place": ("diadanh", "noibanhanh", "promulgationplace", "promulgationinfoplace", "place"),
    "document_id": ("madinhdanhvanban", "madinhdanhvb", "documentid", "madinhdanh"),
    "sphere": ("phamviluuhanh", "sphereofpromulgation"),
    "typer": ("kyhieunguoisoanthao", "typernotation"),
    "row_id": (
        "id",
        "stt",
        "tt",
        "sott",
        "idvanban",
        "vanbanid",
        "unid",
        "@unid",
        "rowid",
        "docid",
    ),
    "arrival": ("ngayden", "soden", "vbsoden", "ngaynhan", "ngaynhap", "ngaychuyen"),
    "left_out": (
        "ghichu",
        "kynhan",
        "donvinhanbanluu",
        "noiluu",
        "dachuyen",
        "trangthai",
        "nguoisoan",
        "nguoisoanthao",
        "manguoisoanvb",
        "donvisoanthao",
        "sovanbanid",
        "linhvuc",
    ),
}
"""Meaning → folded names; the first meaning that has a name counts."""

_PUNCTUATION: Final = re.compile(r"[^\w@$+]+|\([^)]*\)")
_TAIL: Final = 6


def folded(name: str) -> str:
    """Return a column's name without case, diacritics, punctuation and remarks in parentheses."""
    return fold(_PUNCTUATION.sub("", re.sub(r"\([^)]*\)", "", name)))


def is_known(name: str) -> bool:
    """Tell whether a cell is the name of a column of known systems."""
    return len(name) <= 80 and any(score >= 0.8 for _, score in alias_of(name))


@lru_cache(maxsize=4096)
def alias_of(name: str) -> tuple[tuple[str, float], ...]:
    """Return the meanings that a column's name may have, each with how well it fits (0 to 1)."""
    found: dict[str, float] = {}
    whole = folded(name)
    for form, weight in _forms(name, whole):
        for meaning, score in _fits(form):
            found[meaning] = max(found.get(meaning, 0.0), score * weight)
    if looks_secret(name) or whole in ALIASES["secrecy"]:
        found["secrecy"] = 1.0
    return tuple(sorted(found.items(), key=lambda pair: -pair[1]))


def _forms(name: str, whole: str) -> list[tuple[str, float]]:
    """Return the name, and the steps of a path (JSON, XML): ``loaiVanBan.ten``, ``@so``."""
    steps = [folded(step) for step in re.split(r"[./]", name) if step]
    forms = [(whole, 1.0)]
    if len(steps) > 1:
        forms += [(steps[-1], 0.9), (steps[0], 0.7), ("".join(steps[-2:]), 0.9)]
    return [(form.removeprefix("@"), weight) for form, weight in forms if form]


def _fits(form: str) -> list[tuple[str, float]]:
    exact = [(meaning, 1.0) for meaning, names in ALIASES.items() if form in names]
    if exact:
        return exact
    return [
        (meaning, 0.7)
        for meaning, names in ALIASES.items()
        if any(len(alias) >= _TAIL and form.endswith(alias) for alias in names)
    ] or [
        (meaning, 0.5)
        for meaning, names in ALIASES.items()
        if any(len(alias) >= _TAIL and alias in form for alias in names)
    ]
