"""The first five bytes of every .dicm file, and what other first bytes mean."""

from __future__ import annotations

from ..errors import FormatError

SIGNATURE = bytes.fromhex("8e640d0a0a")
"""A byte that is not ASCII, ``d``, CR, LF, LF (section 3 of the format)."""

_TEXT_DAMAGE = (
    (b"\x8ed\r\n\r", "its line feeds were turned into carriage return and line feed"),
    (b"\x8ed\r\r", "its line feeds were turned into carriage returns, or got some"),
    (b"\x8ed\n", "its carriage returns were removed or turned into line feeds"),
    (b"\xc2\x8ed", "it was converted from Latin-1 to UTF-8"),
    (b"\xc5\xbdd", "it was converted from Windows-1252 to UTF-8"),
    (b"\xef\xbf\xbdd", "it was read as UTF-8 text, which destroys it"),
    (b"?d\r\n\n", "its bytes outside ASCII were replaced by question marks"),
    (b"jmQNCgo", "it is still base64 text and has to be decoded first"),
)
"""What a signature becomes in common transfers as text, and what to tell the user. First match counts."""

_FOREIGN = (
    # DICOM first: its 128 bytes of preamble may hold anything, a TIFF header included.
    (128, b"DICM", "a DICOM medical file", False),
    (0, b"\xff\xd8\xff", "a JPEG image", True),
    (0, b"\x89PNG", "a PNG image", True),
    (8, b"WEBP", "a WebP image", True),
    (0, b"GIF8", "a GIF image", True),
    (4, b"ftypavif", "an AVIF image", True),
    (4, b"ftypheic", "an HEIC image", True),
    (4, b"ftypmif1", "an HEIF image", True),
    (0, b"II*\0", "a TIFF image", True),
    (0, b"MM\0*", "a TIFF image", True),
    (0, b"\xff\x0a", "a JPEG XL image", True),
    (4, b"JXL \r\n", "a JPEG XL image", True),
    (4, b"jP  \r\n", "a JPEG 2000 image", True),
    (0, b"BM", "a BMP image", True),
    (0, b"<svg", "an SVG drawing", True),
    (0, b"%PDF", "a PDF document", False),
    (0, b"\x1f\x8b", "gzip data", False),
    (0, b"PK\x03\x04", "a zip archive", False),
    (0, b"\x93NUMPY", "a NumPy array", False),
)
"""Offset, bytes, name with article, and whether it is a picture that an encoder could take."""


def check_signature(data: bytes) -> None:
    """Checks that a file starts as a .dicm file.

    Raises:
        FormatError: ``truncated`` for a file that ends inside the signature, ``text-damage``, ``foreign-format``,
            ``bad-signature``.
    """
    if data.startswith(SIGNATURE):
        return
    wrong = next(i for i in range(len(SIGNATURE)) if data[i : i + 1] != SIGNATURE[i : i + 1])
    if wrong >= len(data):
        what = "The file is empty" if not data else f"The file ends after {len(data)} bytes"
        raise FormatError("truncated", what, offset=len(data), section="signature")
    raise _wrong_start(data, wrong)


def _wrong_start(data: bytes, offset: int) -> FormatError:
    cause = next((cause for prefix, cause in _TEXT_DAMAGE if data.startswith(prefix)), None)
    # One flipped bit in the first byte looks the same there, but only there.
    if cause is None and data.startswith(bytes(b & 0x7F for b in SIGNATURE)) and data.isascii():
        cause = "the top bit of every byte was cleared"
    if cause is not None:
        code = "text-damage"
        message = f"This was a .dicm file, but it was transferred as text: {cause}. Transfer it again in binary mode"
        return FormatError(code, message, offset=offset, section="signature")
    for at, text, name, picture in _FOREIGN:
        if data[at : at + len(text)] == text:
            advice = "; encode it first with `dicm encode`" if picture else ""
            message = f"This is {name}, not a .dicm file{advice}"
            return FormatError("foreign-format", message, offset=offset, section="signature")
    message = "This is not a .dicm file, or its first bytes are damaged"
    return FormatError("bad-signature", message, offset=offset, section="signature")
