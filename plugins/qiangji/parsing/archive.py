"""A workbook's archive, checked before any reader sees it: file kind, members, unpacked sizes.

In: bytes. Out: nothing, or a ReturnedError: wrong_file_kind, encrypted_file, duplicate_member, too_large,
entity_declared, unreadable_file. The check runs in the process that fetched the file, ahead of the cage. Each step is
linear in the bytes and keeps one unpacked megabyte in memory. Sizes are counted, never taken from the archive's own
list. Reading each member to its end also checks its CRC-32, so a file damaged on its way ends here.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile

from qiangji.errors import ReturnedError

BLANK = b"\xef\xbb\xbf \t\r\n"
"""Bytes that may stand before the first character: a byte-order mark, white space."""
XML = (".xml", ".rels", ".vml")
"""Endings of the parts that are text."""
MAX_UNPACKED = 512 * 2**20
MAX_CELLS = 60_000_000
MAX_MEMBERS = 1000
_BESIDE = ("customxml/", "docprops/")
"""Folders of parts that hold no cells."""
_FORBIDDEN = {
    codec: tuple(word.encode(codec or "ascii") for word in ("<!DOCTYPE", "<!ENTITY"))
    for codec in ("", "utf-16-le", "utf-16-be")
}
_ZIP = "a zip archive, but no .xlsx workbook"
_OTHER_KINDS = {
    "xl/workbook.bin": "a binary workbook (.xlsb)",
    "content.xml": "an OpenDocument file (.ods)",
    "word/document.xml": "a text document (.docx)",
}
"""A member that tells the kind of an archive."""
_KINDS_ZH = {
    "a binary workbook (.xlsb)": "二进制工作簿（.xlsb）",
    "an OpenDocument file (.ods)": "OpenDocument文件（.ods）",
    "a text document (.docx)": "Word文档（.docx）",
    "an old Office or WPS file (.xls, .et)": "旧版Office或WPS文件（.xls、.et）",
    "a web page or XML text": "网页或XML文本",
    "a PDF": "PDF文件",
    _ZIP: "压缩包，不是.xlsx工作簿",
    "a zip archive or workbook": "压缩包或工作簿",
}
_CHUNK = 1 << 20
_CARRY = 512
_LAST_CELL = re.compile(
    rb"<(?:\w{1,20}:)?c [^<>]{0,200}?\br\s{0,9}=\s{0,9}[\"']([A-Z]{1,3})(\d{1,7})[\"']"
)  # linear: no part of it matches `<`, so a sheet of nothing but `<c ` costs no more than its length
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_CENTRAL, _END = b"PK\x01\x02", b"PK\x05\x06"


def check_archive(content: bytes, where: str) -> None:
    """Raises ReturnedError unless the bytes are a workbook that a reader may be given."""
    _check_kind(content, where)
    # Counted in the bytes: reading the list of members could alone fill the memory.
    if (count := content.count(_CENTRAL)) > MAX_MEMBERS:
        raise too_large(f"the workbook has {count:,} members", f"at most {MAX_MEMBERS:,}", where)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_list(archive, content, where)
            left = MAX_UNPACKED
            for entry in archive.infolist():
                left -= _unpack(archive, entry, left, where)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, RuntimeError) as e:
        raise unreadable(f"the file is no workbook, or is cut off ({type(e).__name__})", where) from None
    except ReturnedError:
        raise
    except Exception as e:  # zlib.error, struct.error, ValueError: zipfile lets them through on damaged bytes
        raise unreadable(f"the file is no workbook, or is damaged ({type(e).__name__})", where) from None


def _check_kind(content: bytes, where: str) -> None:
    if content.startswith(_OLD_OFFICE):
        if _ENCRYPTED in content:
            raise _encrypted(where)
        raise wrong_kind("an old Office or WPS file (.xls, .et)", where)
    start = content[:1024].lstrip(BLANK).lower()
    if start.startswith(b"<"):
        raise wrong_kind("a web page or XML text", where)
    if start.startswith(b"%pdf"):
        raise wrong_kind("a PDF", where)


def _check_list(archive: zipfile.ZipFile, content: bytes, where: str) -> None:
    entries = archive.infolist()
    names = [e.filename for e in entries]
    if len({n.lower() for n in names}) != len(names):
        raise ReturnedError(
            "the workbook holds two members of one name",
            where=where,
            expected="each part of the workbook once",
            do="Save it anew from a spreadsheet program.",
            code="duplicate_member",
            zh="工作簿内部有重名部件，无法确定以哪个为准，请用表格软件重新另存后重报",
        )
    if "xl/workbook.xml" not in names:
        raise wrong_kind(next((k for n, k in _OTHER_KINDS.items() if n in names), _ZIP), where)
    if any(e.flag_bits & 0x1 for e in entries):
        raise _encrypted(where)
    if any(e.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for e in entries):
        raise unreadable("the workbook is packed in a way that no spreadsheet program uses", where)
    at = content.rfind(_END)
    comment = int.from_bytes(content[at + 20 : at + 22], "little")
    # The file begins with its first member and ends with its list, so that no two readers see two archives in it.
    if min(e.header_offset for e in entries) != 0 or at + 22 + comment != len(content):
        raise unreadable("there is something before or behind the workbook in the file", where)
    if (claimed := sum(e.file_size for e in entries)) > MAX_UNPACKED:
        raise _bomb(claimed, where)


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, where: str) -> int:
    """Read one member to its end. Returns its size; raises ReturnedError above `left` bytes."""
    is_xml = entry.filename.lower().endswith(XML)
    extent = _Extent() if entry.filename.lower().startswith("xl/worksheets/") else None
    size, rest, words = 0, b"", _FORBIDDEN[""]
    with archive.open(entry) as part:
        while chunk := part.read(_CHUNK):
            if is_xml:
                if not size:
                    words = _forbidden(entry, chunk, where)
                if any(word in rest + chunk for word in words):
                    raise _entities(where)
                rest = chunk[-32:]
            size += len(chunk)
            if size > left:
                raise _bomb(MAX_UNPACKED - left + size, where)
            if extent:
                extent.add(chunk)
                if extent.cells > MAX_CELLS:
                    raise too_large(f"a sheet spans {extent.cells:,} cells", f"at most {MAX_CELLS:,}", where)
    return size


def _forbidden(entry: zipfile.ZipInfo, start: bytes, where: str) -> tuple[bytes, ...]:
    """What a part of XML may not hold, as bytes in its encoding. `start`: its first bytes.

    Cells and what leads to them must be UTF-8. Parts beside them (Power Query's in customXml) may be UTF-16 by their
    mark.
    """
    codec = utf_16_of(start)
    if codec and entry.filename.lower().startswith(_BESIDE):
        return _FORBIDDEN[codec]
    if codec or b"\0" in start[:4]:
        raise unreadable(f"{_shown(entry)} is not UTF-8", where)
    return _FORBIDDEN[""]


def utf_16_of(start: bytes) -> str:
    """The codec that a byte-order mark of UTF-16 stands for; '' without one, and for the longer mark of UTF-32."""
    if start.startswith(codecs.BOM_UTF32_LE):
        return ""
    return {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}.get(start[:2], "")


def _shown(entry: zipfile.ZipInfo) -> str:
    """How a message names a member. The name is the county's text: shown only if it looks like a workbook's own."""
    return entry.filename if re.fullmatch(r"xl/[a-zA-Z0-9/_.]{1,60}", entry.filename) else "a member"


class _Extent:
    """The rectangle that a sheet's cells span. A reader allocates all of it, even for two cells."""

    def __init__(self) -> None:
        self.row, self.column, self.rest = 0, 0, b""

    def add(self, chunk: bytes) -> None:
        data = self.rest + chunk
        found = _LAST_CELL.findall(data)
        if found:
            letters, numbers = zip(*found, strict=True)
            self.row = max(self.row, max(map(int, numbers)))
            widest = max(set(letters), key=lambda x: (len(x), x))
            self.column = max(self.column, column_number(widest))
        self.rest = data[-_CARRY:]

    @property
    def cells(self) -> int:
        return self.row * self.column


def column_number(letters: bytes) -> int:
    """A -> 1, AA -> 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def unreadable(what: str, where: str) -> ReturnedError:
    """The error for a workbook that is damaged, cut off, or not built as one."""
    return ReturnedError(
        what,
        where=where,
        expected="an .xlsx workbook that opens in a spreadsheet program",
        do="Export it again and send the whole file.",
        code="unreadable_file",
        zh="文件无法作为xlsx工作簿打开（可能上传不完整或已损坏），请重新导出并完整上传",
    )


def too_large(what: str, expected: str, where: str) -> ReturnedError:
    """The error for a file that would take more memory, cells or members than one may."""
    return ReturnedError(
        what,
        where=where,
        expected=expected,
        do="Send the form alone, without empty rows and columns that were formatted, pictures or other sheets.",
        code="too_large",
        zh="文件展开后过大（常见原因：整行整列设置了格式，或含图片和无关工作表），请只保留报表内容后重报",
    )


def wrong_kind(what: str, where: str, expected: str = "an .xlsx workbook") -> ReturnedError:
    """The error for a file of another kind than its name says."""
    return ReturnedError(
        f"the file is {what}",
        where=where,
        expected=expected,
        do="Open it in a spreadsheet program and save it in that format ('Save as', type .xlsx or CSV);"
        " renaming the file does not change it.",
        code="wrong_file_kind",
        zh=f"文件实际是{_KINDS_ZH.get(what, '其他格式')}，与约定不符（改扩展名不会改变格式），"
        "请用WPS表格或Excel打开，“另存为”约定的格式（.xlsx或CSV）后重报",
    )


def _bomb(size: int, where: str) -> ReturnedError:
    return too_large(
        f"the workbook unpacks to more than {MAX_UNPACKED >> 20} MB ({size >> 20} MB)",
        f"at most {MAX_UNPACKED >> 20} MB",
        where,
    )


def _encrypted(where: str) -> ReturnedError:
    return ReturnedError(
        "the workbook is protected with a password",
        where=where,
        expected="a workbook that opens without one",
        do="Remove the password and send it again.",
        code="encrypted_file",
        zh="工作簿设有打开密码，请取消密码后重报",
    )


def _entities(where: str) -> ReturnedError:
    return ReturnedError(
        "the workbook declares XML entities",
        where=where,
        expected="a workbook as spreadsheet programs write it",
        do="Save it anew from a spreadsheet program.",
        code="entity_declared",
        zh="工作簿内部含有不允许的XML实体声明，请用表格软件重新另存后重报",
    )
