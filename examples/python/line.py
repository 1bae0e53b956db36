"""The wire of the example switch: two dialects on pyiso8583, framing, keys and MACs on psec.

No sockets, no clock, no state but the bytes of a frame that is not complete yet.
"""

import functools
import warnings

import iso8583
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.utils import CryptographyDeprecationWarning
from psec import des, mac, pinblock

# This wire is triple DES, whatever is thought of it elsewhere.
warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning)


def _numbers(number, length, left=False):
    """Packed digits of fixed length."""
    pad = {"left_pad": "0"} if left else {"right_pad": "0"}
    return {number: dict(data_enc="b", len_enc="bcd", len_type=0, max_len=length,
                         len_count="nibbles", desc="", **pad)}


def _packed(number, prefix, length):
    """Packed digits or track data with a length in packed digits."""
    return {number: dict(data_enc="b", len_enc="bcd", len_type=prefix, max_len=length,
                         len_count="nibbles", right_pad="0", desc="")}


def _text(number, length, prefix=0, len_enc="bcd"):
    return {number: dict(data_enc="latin-1", len_enc=len_enc, len_type=prefix, max_len=length,
                         desc="")}


def _binary(number, length, prefix=0, len_enc="bcd"):
    return {number: dict(data_enc="b", len_enc=len_enc, len_type=prefix, max_len=length, desc="")}


def _pos():
    spec = {"h": dict(data_enc="b", len_enc="b", len_type=0, max_len=0, desc="")}
    for number, length in (("t", 4), ("3", 6), ("4", 12), ("11", 6), ("12", 6), ("13", 4),
                           ("14", 4), ("15", 4), ("22", 3), ("25", 2), ("26", 2), ("53", 16)):
        spec |= _numbers(number, length)
    spec |= _numbers("23", 3, left=True)
    # The library counts the message type in bytes.
    spec["t"] = dict(data_enc="b", len_enc="b", len_type=0, max_len=2, desc="")
    for number, prefix, length in (("2", 1, 19), ("32", 1, 11), ("35", 1, 37), ("36", 2, 104),
                                   ("48", 2, 322), ("60", 2, 17), ("61", 2, 29)):
        spec |= _packed(number, prefix, length)
    for number, length in (("37", 12), ("38", 6), ("39", 2), ("41", 8), ("42", 15), ("49", 3),
                           ("64", 8)):
        spec |= _text(number, length)
    for number, length, prefix in (("44", 25, 1), ("54", 20, 2), ("59", 600, 2), ("63", 163, 2)):
        spec |= _text(number, length, prefix)
    spec |= _binary("p", 8) | _binary("52", 8) | _binary("55", 255, 2) | _binary("62", 512, 2)
    return spec


def _network():
    spec = {"h": dict(data_enc="b", len_enc="b", len_type=0, max_len=0, desc="")}
    fixed = {"t": 4, "3": 6, "4": 12, "7": 10, "11": 6, "12": 6, "13": 4, "14": 4, "15": 4,
             "18": 4, "22": 3, "23": 3, "25": 2, "26": 2, "37": 12, "38": 6, "39": 2, "41": 8,
             "42": 15, "49": 3, "53": 16, "70": 3, "90": 42, "128": 8}
    for number, length in fixed.items():
        spec |= _text(number, length, len_enc="ascii")
    for number, length, prefix in (("2", 19, 2), ("32", 11, 2), ("33", 11, 2), ("44", 25, 2),
                                   ("54", 40, 3), ("57", 512, 3), ("60", 100, 3), ("61", 200, 3)):
        spec |= _text(number, length, prefix, "ascii")
    spec |= _binary("p", 8) | _binary("1", 8) | _binary("52", 8)
    spec |= _binary("55", 255, 3, "ascii")
    return spec


POS, NETWORK = _pos(), _network()
LENGTH_MAX = {"pos": 4096, "network": 9999}

# What the MAC of a network line covers, in this order, a space between the values.
COVERED = ("2", "3", "4", "32", "33", "41", "42", "49", "15", "7", "11", "37", "38", "39", "52",
           "55", "90")


class BadFrame(Exception):
    """Nobody knows where the next frame begins."""


class BadMessage(Exception):
    """One frame is no message; the next one may be."""


@functools.lru_cache(65536)
def pos_ecb(key, data):
    """The MAC of the terminal line (docs/protocol.md 1.9)."""
    data += bytes(-len(data) % 8)
    fold = 0
    for at in range(0, len(data), 8):
        fold ^= int.from_bytes(data[at:at + 8], "big")
    text = b"%016X" % fold
    left = des.encrypt_tdes_ecb(key, text[:8])
    mixed = bytes(one ^ two for one, two in zip(left, text[8:]))
    return des.encrypt_tdes_ecb(key, mixed).hex().upper()[:8].encode()


@functools.lru_cache(65536)
def network_mac(algorithm, key, data):
    """The MAC of a network line, eight bytes."""
    if algorithm == "x9.19":
        return mac.generate_retail_mac(key[:8], key[-8:], data, 1)
    if algorithm == "x9.9":
        return mac.generate_cbc_mac(key[:8], data, 1)
    if algorithm == "3des-cbc":
        return mac.generate_cbc_mac(key, data, 1)
    if algorithm == "aes-cmac":
        cmac = CMAC(algorithms.AES(key if len(key) == 16 else key * 2))
        cmac.update(data)
        return cmac.finalize()[:8]
    if algorithm == "pos-ecb":
        return pos_ecb(key, data)
    raise ValueError(f"no MAC algorithm is called {algorithm}")


@functools.lru_cache(4096)
def wrapped(master, key):
    """A key under another one, and its check value."""
    return des.encrypt_tdes_ecb(master, key), des.encrypt_tdes_ecb(key, bytes(8))[:4]


@functools.lru_cache(4096)
def translated_pin(block, pan, old, new):
    """A PIN block under another key; none if it holds no PIN of this card."""
    clear = des.decrypt_tdes_ecb(old, block)
    try:
        pin = pinblock.decode_pinblock_iso_0(clear, pan)
    except ValueError:
        return None
    return des.encrypt_tdes_ecb(new, pinblock.encode_pinblock_iso_0(pin, pan))


class Line:
    """One end of one connection: bytes in, messages out; messages in, frames out."""

    def __init__(self, kind, mac_key, algorithm="pos-ecb"):
        self.kind, self.mac_key, self.algorithm = kind, mac_key, algorithm
        self.buffer = b""
        self.half_since = None

    def receive(self, at, data):
        """Yields (message, is its MAC right, envelope); BadMessage for a frame that is none."""
        if not self.buffer:
            self.half_since = at
        self.buffer += data
        while (frame := self._frame()) is not None:
            self.half_since = at if self.buffer else None
            try:
                yield self._open(frame)
            except (iso8583.DecodeError, ValueError) as error:
                yield BadMessage(str(error))

    def _frame(self):
        prefix = 2 if self.kind == "pos" else 4
        head = self.buffer[:prefix]
        if self.kind != "pos" and head and not head.isdigit():
            raise BadFrame(f"a length of {head!r}")
        if len(head) < prefix:
            return None
        length = int.from_bytes(head, "big") if self.kind == "pos" else int(head)
        if not 0 < length <= LENGTH_MAX[self.kind]:
            raise BadFrame(f"a length of {length}")
        if len(self.buffer) < prefix + length:
            return None
        frame = self.buffer[prefix:prefix + length]
        self.buffer = self.buffer[prefix + length:]
        return frame

    def _open(self, frame):
        if self.kind == "pos":
            envelope, body = frame[:11], frame[11:]
            message, _ = iso8583.decode(body, POS)
            seal = message.get("64", "").encode("latin-1")
            key = self.mac_key
            right = bool(seal and key) and pos_ecb(key, bytes(body[:-8])) == seal
        else:
            envelope, body = b"", frame[46:] if frame[:1] == b"\x2e" else frame
            message, _ = iso8583.decode(body, NETWORK)
            seal = message.get("128", "").encode("latin-1")
            right = bool(seal) and self._network_mac(message) == seal
        return message, right, envelope

    def _network_mac(self, message):
        return network_mac(self.algorithm, self.mac_key, _covered(message))

    def seal(self, message, envelope=b"", signed=True):
        """A frame. Financial messages and reversals carry a MAC if there is a key."""
        message = dict(message)
        signed = signed and self.mac_key is not None and message["t"][1] in "124"
        if self.kind == "pos":
            if signed:
                message["64"] = "0" * 8
            body, _ = iso8583.encode(message, POS)
            if signed:
                body[-8:] = pos_ecb(self.mac_key, bytes(body[:-8]))
            frame = swapped(envelope) + bytes(body)
            return len(frame).to_bytes(2, "big") + frame
        if signed:
            message["128"] = self._network_mac(message).decode("latin-1")
        body, _ = iso8583.encode(message, NETWORK)
        return b"%04d" % len(body) + bytes(body)


def _covered(message):
    binary = ("52", "55")
    parts = [message["t"].encode()]
    for number in COVERED:
        value = message.get(number)
        if value is not None:
            parts.append(bytes.fromhex(value) if number in binary else value.encode("latin-1"))
    return b" ".join(parts)


def swapped(envelope):
    """The address of the answer: destination and source change places."""
    return envelope[:1] + envelope[3:5] + envelope[1:3] + envelope[5:]
