"""Under which ending an attachment is stored, and which endings make a file run when opened.

Kept in one place, so that what is checked is the name that is written, not only the name as sent.
Types are looked up in a table of our own: Python's differs from version to version, and a sender's
check must agree with its receivers'.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["INVISIBLE", "named_ending", "runs", "split_name", "visible"]

INVISIBLE: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Unicode categories of what no eye sees in a name: controls, marks of format, line breaks."""

_EXTENSION: Final = re.compile(r"[A-Za-z0-9]{1,10}")
_NAMED: Final = re.compile(r"\.([0-9A-Za-z-]{1,20})[ .]*(?:::\$DATA)?\Z", re.IGNORECASE)
"""How Windows reads a name: it drops dots and spaces at the end, and the name of the stream."""
# Not .pl and .vb: letters that end Vietnamese names without an ending (phụ lục, văn bản).
_RUNNABLE: Final = frozenset(
    {
        *("exe", "dll", "com", "scr", "pif", "cpl", "ocx", "xll", "appx", "msix"),
        *("msi", "msp", "mst", "inf", "reg", "diagcab"),
        *("bat", "cmd", "lnk", "url", "website", "hta", "chm", "msc", "scf"),
        *("application", "gadget", "settingcontent-ms", "appref-ms", "library-ms", "search-ms"),
        *("ps1", "psm1", "vbs", "vbe", "js", "mjs", "jse", "ws", "wsc", "wsf", "wsh", "sct"),
        *("jar", "jnlp", "class", "sh", "bash", "csh", "ksh", "desktop"),
        *("py", "pyc", "pyw"),
    }
)
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_OPEN: Final = "application/vnd.oasis.opendocument."
_BY_TYPE: Final = {
    "application/gzip": "gz",
    "application/hta": "hta",
    "application/java-archive": "jar",
    "application/javascript": "js",
    "application/json": "json",
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/pkcs7-mime": "p7c",
    "application/postscript": "ps",
    "application/rtf": "rtf",
    "application/vnd.microsoft.portable-executable": "exe",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.rar": "rar",
    "application/x-7z-compressed": "7z",
    "application/x-bat": "bat",
    "application/x-csh": "csh",
    "application/x-dosexec": "exe",
    "application/x-javascript": "js",
    "application/x-msdos-program": "exe",
    "application/x-msi": "msi",
    "application/x-powershell": "ps1",
    "application/x-python-code": "pyc",
    "application/x-rar-compressed": "rar",
    "application/x-sh": "sh",
    "application/x-shellscript": "sh",
    "application/x-tar": "tar",
    "application/x-zip-compressed": "zip",
    "application/xml": "xml",
    "application/zip": "zip",
    "audio/mpeg": "mp3",
    "audio/x-wav": "wav",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/jpg": "jpg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/tiff": "tiff",
    "image/webp": "webp",
    "message/rfc822": "eml",
    "text/csv": "csv",
    "text/html": "html",
    "text/javascript": "js",
    "text/plain": "txt",
    "text/rtf": "rtf",
    "text/vbscript": "vbs",
    "text/x-python": "py",
    "text/x-sh": "sh",
    "text/xml": "xml",
    "video/mp4": "mp4",
    f"{_OFFICE}presentationml.presentation": "pptx",
    f"{_OFFICE}spreadsheetml.sheet": "xlsx",
    f"{_OFFICE}wordprocessingml.document": "docx",
    f"{_OPEN}presentation": "odp",
    f"{_OPEN}spreadsheet": "ods",
    f"{_OPEN}text": "odt",
}


def visible(text: str) -> str:
    """Return a text without characters that nobody sees."""
    if text.isprintable():
        return text
    return "".join(sign for sign in text if unicodedata.category(sign) not in INVISIBLE)


def split_name(original: str, content_type: str) -> tuple[str, str]:
    """Return the last part of a name, as it is seen, and the ending in lower case, without a dot.

    Where the name has no plain ending, that of the content type is taken; it may be empty.
    """
    last = visible(original.replace("\\", "/").rpartition("/")[2]).strip(" .")
    stem, dot, ending = last.rpartition(".")
    if dot and _EXTENSION.fullmatch(ending):
        return stem, ending.lower()
    return last, _BY_TYPE.get(content_type.partition(";")[0].strip().lower(), "")


def named_ending(name: str) -> str:
    """Return the ending of a name as it is seen, in lower case, without a dot; it may be empty."""
    found = _NAMED.search(name)
    return found[1].lower() if found else ""


def runs(ending: str) -> bool:
    """Tell whether opening a file of an ending may run it; the ending has no dot."""
    return ending in _RUNNABLE
