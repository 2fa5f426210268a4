"""Version and header of a file, and what is stated about each layer (sections 3, 4 and 12.1 of the format)."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import FormatError, UnsupportedError, UsageError
from ..geometry import MAX_QUALITY_POSITION
from .byte_slice import ByteSlice

VERSION_MAJOR = 1
"""Newest major version of the format that is read."""

VERSION_MINOR = 1
"""Newest minor version that is known; a file of a newer one opens."""

VERSION_OFFSET = 5
"""Offset of the version byte: the same in every version of the format."""

PROFILES = ("semantic", "perceptual")
"""Profiles by their number: the latents rebuild features for networks, or a picture for eyes."""

LAYER_NAMES = {"machine": "semantic", "view": "perceptual"}
"""What people call the layers, after what each is for, and the profile of each."""

_MAX_SHORT_SIDE = 4096
_MAX_SHORT_SOURCE = 0xFFFF
_SOURCE_SAME, _SOURCE_SHORT, _SOURCE_LONG = range(3)
_SIZE_SAME, _SIZE_SHORT, _SIZE_LONG = range(3)


@dataclass(frozen=True, slots=True)
class LayerHeader:
    """What is stated about every layer: for the first one in the header, for a further one in its section.

    Attributes:
        profile: What the layer rebuilds: ``semantic`` (features) or ``perceptual`` (a picture).
        width: Width of the layer's coded picture, in pixels, after orientation and fitting.
        height: Height of it.
        quality_position: Quality as an integer from 0 to 2047.
        decode_id: First four bytes of the hash of what entropy decoding needs: 8 hexadecimal digits.
        render_id: First two bytes of the hash of what rendering needs: 4 hexadecimal digits.
    """

    profile: str
    width: int
    height: int
    quality_position: int
    decode_id: str
    render_id: str

    @property
    def layer(self) -> str:
        """What people call such a layer: ``machine`` or ``view``."""
        return next(name for name, profile in LAYER_NAMES.items() if profile == self.profile)

    @property
    def quality(self) -> float:
        """Quality on the scale from 1 to 100."""
        return 1 + self.quality_position / MAX_QUALITY_POSITION * 99


@dataclass(frozen=True, slots=True)
class Header(LayerHeader):
    """The header of a file: what concerns the whole of it, and what is stated about its first layer.

    Attributes:
        version_major: Major format version.
        version_minor: Minor format version, 0 to 15.
        source_width: Width of the photograph the picture was made from, in pixels, after orientation.
        source_height: Height of it.
        orientation: The Exif orientation, 1 to 8, that the encoder has applied. Informational.
    """

    version_major: int
    version_minor: int
    source_width: int
    source_height: int
    orientation: int


def profile_of_layer(layer: str) -> str:
    """The profile of the layer of a name. Raises UsageError ``bad-layer``."""
    if layer not in LAYER_NAMES:
        raise UsageError("bad-layer", f"a layer is one of {', '.join(LAYER_NAMES)}, not {layer}")
    return LAYER_NAMES[layer]


def check_version(major: int, minor: int, intact: bool) -> None:
    """Checks the major version; a newer minor version opens. ``intact`` is whether the file's checksum holds."""
    if major == 0:
        message = "Format version 0 does not exist; the file is damaged"
        raise FormatError("bad-version", message, offset=VERSION_OFFSET, section="version")
    if major > VERSION_MAJOR:
        doubt = "; or it is damaged, since its checksum does not hold by the rules known here"
        raise UnsupportedError(
            "newer-version",
            f"The file is format version {major}.{minor} but this program reads up to {VERSION_MAJOR}.x"
            f"{'' if intact else doubt}",
        )


def read_header(data: ByteSlice) -> Header:
    """Reads the header, from the version byte on.

    Raises:
        FormatError: ``truncated``, ``zero-size``, ``not-canonical``.
        UnsupportedError: ``reserved-bits``, ``unknown-profile``.
    """
    version = data.read_uint(1)
    flags = data.read_uint(3)
    source_form = flags >> 5 & 3
    if flags & 0b11100 or source_form > _SOURCE_LONG:
        raise UnsupportedError("reserved-bits", "The header sets bits that are reserved: a newer dicm is needed")
    profile = flags >> 8 & 3
    if profile >= len(PROFILES):
        raise UnsupportedError("unknown-profile", "The file has a profile that this program does not know")
    decode_id, render_id = data.read_hex(4), data.read_hex(2)
    width, height = _read_coded_size(data, wide=bool(flags & 0x80))
    source_width, source_height = _read_source_size(data, source_form, width, height)
    return Header(
        profile=PROFILES[profile],
        width=width,
        height=height,
        quality_position=flags >> 13,
        decode_id=decode_id,
        render_id=render_id,
        version_major=version >> 4,
        version_minor=version & 15,
        source_width=source_width,
        source_height=source_height,
        orientation=(flags >> 10 & 7) + 1,
    )


def read_layer_header(data: ByteSlice, first: LayerHeader) -> LayerHeader | None:
    """Reads the header of a further layer, whose size may be that of the first; None for a kind not known here."""
    flags = data.read_uint(2)
    profile, size_form = flags >> 3 & 3, flags >> 1 & 3
    if profile >= len(PROFILES) or size_form > _SIZE_LONG or flags & 1:
        return None
    decode_id, render_id = data.read_hex(4), data.read_hex(2)
    width, height = first.width, first.height
    if size_form != _SIZE_SAME:
        offset = data.position
        width, height = _read_coded_size(data, wide=size_form == _SIZE_LONG)
        if (width, height) == (first.width, first.height):
            raise _not_canonical(data, offset, "coded size")
    return LayerHeader(PROFILES[profile], width, height, flags >> 5, decode_id, render_id)


def _read_coded_size(data: ByteSlice, *, wide: bool) -> tuple[int, int]:
    offset = data.position
    if not wide:
        packed = data.read_uint(3)
        return (packed >> 12) + 1, (packed & 0xFFF) + 1
    width, height = data.read_uint(4), data.read_uint(4)
    _check_sides(data, offset, width, height)
    if max(width, height) <= _MAX_SHORT_SIDE:
        raise _not_canonical(data, offset, "coded size")
    return width, height


def _read_source_size(data: ByteSlice, form: int, width: int, height: int) -> tuple[int, int]:
    if form == _SOURCE_SAME:
        return width, height
    offset = data.position
    side_bytes = 2 if form == _SOURCE_SHORT else 4
    source = data.read_uint(side_bytes), data.read_uint(side_bytes)
    _check_sides(data, offset, *source)
    shortest = _SOURCE_LONG if max(source) > _MAX_SHORT_SOURCE else _SOURCE_SHORT
    if source == (width, height) or shortest != form:
        raise _not_canonical(data, offset, "source size")
    return source


def _check_sides(data: ByteSlice, offset: int, width: int, height: int) -> None:
    if width == 0 or height == 0:
        raise FormatError("zero-size", f"A picture of {width} x {height} pixels", offset=offset, section=data.section)


def _not_canonical(data: ByteSlice, offset: int, what: str) -> FormatError:
    message = f"The {what} is not written in its shortest form"
    return FormatError("not-canonical", message, offset=offset, section=data.section)
