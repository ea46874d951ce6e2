"""The text in a file: unpacked where it is packed, and decoded."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
import zlib

from micrograd.tables.errors import TableError

MARKS = {  # the bytes at the beginning that tell an encoding; the longer ones first
    codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
FOREIGN = {
    b"PAR1": "a Parquet file", b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook", b"SQLite format 3": "a database", b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle", b"\x93NUMPY": "a NumPy array", b"{\\rtf": "a text document", b"\x89HDF": "an HDF5 file",
    b"ARROW1": "an Arrow file", b"\x28\xb5\x2f\xfd": "a file packed by zstd", b"7z\xbc\xaf": "a file packed by 7-Zip",
    b"Rar!": "a file packed by RAR", b"<!DOCTYPE": "a page of HTML", b"<html": "a page of HTML",
    b"<?xml": "an XML file", b"[{": "a JSON file", b'{"': "a JSON file",
}  # fmt: skip
PACKED = {
    b"\x1f\x8b": ("gzip", gzip.decompress),
    b"BZh": ("bzip2", bz2.decompress),
    b"\xfd7zXZ": ("xz", lzma.decompress),
}


def text_of(data: bytes, name: str) -> tuple[str, list[str]]:
    """The text in the bytes of a file, with line feeds at the ends of lines, and how it was found.

    TableError for a file that holds no text.

    >>> text_of("größe".encode("latin-1"), "a.csv"), text_of(gzip.compress(b"size"), "b.csv.gz")
    (('größe', ['Windows-1252']), ('size', ['unpacked by gzip', 'UTF-8']))
    """
    data, how = unpacked(data, name)
    what = next((what for mark, what in FOREIGN.items() if data.startswith(mark)), None)
    if what is not None:
        raise TableError(f"{name}: expected a text file such as CSV, got {what}: save the table as CSV")
    text, encoding = decoded(data, name)
    if "\0" in text:
        raise TableError(f"{name}: expected a text file, got one with the character NUL: it is damaged, or no text")
    return text.replace("\r\n", "\n").replace("\r", "\n"), [*how, encoding]


def unpacked(data: bytes, name: str) -> tuple[bytes, list[str]]:
    """The content of a packed file, and by what it was unpacked."""
    for mark, (packer, unpack) in PACKED.items():
        if data.startswith(mark):
            try:
                return unpack(data), [f"unpacked by {packer}"]
            except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
                raise TableError(f"{name}: a damaged {packer} file ({str(error).lower()})") from None
    if data.startswith(b"PK\x03\x04"):
        return unzipped(data, name), ["unpacked by zip"]
    return data, []


def unzipped(data: bytes, name: str) -> bytes:
    """The only file in a zip archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inside = [info.filename for info in archive.infolist() if not info.is_dir()]
            inside = [path for path in inside if not path.startswith("__MACOSX/")]
            if "[Content_Types].xml" in inside or "mimetype" in inside:
                raise TableError(f"{name}: expected a text file such as CSV, got a workbook: save the table as CSV")
            if len(inside) != 1:
                raise TableError(f"{name}: expected one file in the archive, got {len(inside)}: unpack it first")
            return archive.read(inside[0])
    except TableError:
        raise
    except Exception as error:  # damaged archives raise whatever their reader stumbles over
        raise TableError(f"{name}: a zip archive that cannot be unpacked ({str(error).lower()})") from None


def decoded(data: bytes, name: str) -> tuple[str, str]:
    """The text, and its encoding: by the mark at the beginning, else UTF-8 where it is that, else Windows-1252."""
    try:
        for mark, encoding in MARKS.items():
            if data.startswith(mark):
                return data.decode(encoding), encoding.upper().removesuffix("-SIG")
        for zeros, encoding in ((data[1::2], "utf-16-le"), (data[::2], "utf-16-be")):
            if len(data) % 2 == 0 and zeros.count(0) > 0.4 * len(data) / 2:
                return data.decode(encoding), "UTF-16"
    except UnicodeDecodeError as error:
        raise TableError(f"{name}: damaged text ({error.reason} at byte {error.start})") from None
    for encoding, called in (("utf-8", "UTF-8"), ("cp1252", "Windows-1252"), ("latin-1", "Latin-1")):
        try:
            return data.decode(encoding), called
        except UnicodeDecodeError:
            continue
    raise AssertionError("Latin-1 takes every byte")
