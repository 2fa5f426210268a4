"""Range coder (format-spec/v1/entropy-coding.md, sections 2 and 5), in Python integers."""

from __future__ import annotations

from .errors import DicmError

TOTAL_BITS = 16
TOTAL = 1 << TOTAL_BITS
FULL = 1 << 32
LEAST_RANGE = 1 << 24


def final_byte(low: int, width: int) -> int | None:
    """Byte that ends a stream, or None when a multiple of 2^32 lies in [low, low + width)."""
    if low == 0 or low + width > FULL:
        return None
    return -(-low // LEAST_RANGE)


class RangeEncoder:
    """Codes symbols given as (start, frequency) of 2^16; `finish` returns the bytes."""

    def __init__(self) -> None:
        """Start with the interval [0, 2^32 - 1)."""
        self._low = 0
        self._range = FULL - 1
        self._out = bytearray()

    def _carry(self) -> None:
        position = len(self._out) - 1
        while self._out[position] == 0xFF:
            self._out[position] = 0
            position -= 1
        self._out[position] += 1

    def encode(self, start: int, frequency: int) -> None:
        """Narrow the interval to the symbol's part and shift out what is settled."""
        if not (0 <= start and 1 <= frequency and start + frequency <= TOTAL):
            raise ValueError(f"no symbol has start {start} and frequency {frequency}")
        lower = self._range * start >> TOTAL_BITS
        upper = self._range * (start + frequency) >> TOTAL_BITS
        self._low += lower
        if self._low >= FULL:
            self._low -= FULL
            self._carry()
        self._range = upper - lower
        while self._range < LEAST_RANGE:
            self._out.append(self._low >> 24)
            self._low = self._low << 8 & FULL - 1
            self._range <<= 8

    def encode_bits(self, value: int, bits: int) -> None:
        """Code a number of 1 to 16 equally likely bits."""
        if not (1 <= bits <= TOTAL_BITS and 0 <= value < 1 << bits):
            raise ValueError(f"{value} is not a number of {bits} bits")
        self.encode(value << TOTAL_BITS - bits, 1 << TOTAL_BITS - bits)

    def finish(self) -> bytes:
        """End the stream and return it."""
        last = final_byte(self._low, self._range)
        if last is not None:
            self._out.append(last)
        elif self._low != 0:
            self._carry()
        return bytes(self._out)


class RangeDecoder:
    """Mirror of `RangeEncoder`; call `finish` after the last symbol."""

    def __init__(self, payload: bytes) -> None:
        """Read the first four bytes."""
        self._payload = payload
        self._read = 0
        self._number = 0  # the stream so far as one integer, modulo 2^32
        self._range = FULL - 1
        for _ in range(4):
            self._shift_in()
        self._code = self._number
        if self._code == FULL - 1:
            raise DicmError("invalid-payload", "a stream cannot start with ff ff ff ff")

    def _shift_in(self) -> int:
        """Take the next byte, or a zero for one of the four that a whole stream may lack."""
        if self._read >= len(self._payload) + 4:
            raise DicmError("truncated-payload", "the stream ends before its symbols do")
        byte = self._payload[self._read] if self._read < len(self._payload) else 0
        self._read += 1
        self._number = (self._number << 8 | byte) & FULL - 1
        return byte

    def peek(self) -> int:
        """Position of the code in the 2^16 units of the next symbol's table."""
        return ((self._code + 1 << TOTAL_BITS) - 1) // self._range

    def consume(self, start: int, frequency: int) -> None:
        """Narrow the interval to the symbol that was found."""
        lower = self._range * start >> TOTAL_BITS
        upper = self._range * (start + frequency) >> TOTAL_BITS
        self._code -= lower
        self._range = upper - lower
        while self._range < LEAST_RANGE:
            self._code = self._code << 8 | self._shift_in()
            self._range <<= 8

    def decode_bits(self, bits: int) -> int:
        """Read a number of 1 to 16 equally likely bits."""
        value = self.peek() >> TOTAL_BITS - bits
        self.consume(value << TOTAL_BITS - bits, 1 << TOTAL_BITS - bits)
        return value

    def finish(self) -> None:
        """Refuse a stream that does not end as the encoder ends it."""
        last = final_byte((self._number - self._code) % FULL, self._range)
        expected = self._read - 4 + (last is not None)
        if len(self._payload) > expected:
            raise DicmError("trailing-payload", f"{len(self._payload)} bytes where {expected} suffice")
        if len(self._payload) < expected:
            raise DicmError("truncated-payload", "the stream ends before its symbols do")
        if self._number != (last or 0) << 24:
            raise DicmError("non-canonical-payload", "another number of the final interval was chosen")


def encode_escape(encoder: RangeEncoder, value: int, first: int, last: int) -> None:
    """Code an integer outside first..last: side, then distance as Exp-Golomb of order 0."""
    above = value > last
    distance = value - last - 1 if above else first - 1 - value
    encoder.encode_bits(int(above), 1)
    digits = f"{distance + 1:b}"
    for _ in digits[1:]:
        encoder.encode_bits(1, 1)
    encoder.encode_bits(0, 1)
    tail = digits[1:]
    # More than 16 digits go in two fields, the second of 16.
    for part in (tail[:-16], tail[-16:]):
        if part:
            encoder.encode_bits(int(part, 2), len(part))


def decode_escape(decoder: RangeDecoder, first: int, last: int) -> int:
    """Read what `encode_escape` wrote."""
    above = decoder.decode_bits(1)
    length = 0
    while decoder.decode_bits(1):
        length += 1
        if length > 31:
            raise DicmError("invalid-payload", "escape code with more than 31 ones")
    number = 1
    for bits in (max(length - 16, 0), min(length, 16)):
        if bits:
            number = number << bits | decoder.decode_bits(bits)
    value = last + number if above else first - number
    if not -(2**31) <= value < 2**31:
        raise DicmError("invalid-payload", f"escape code stands for {value}")
    return value
