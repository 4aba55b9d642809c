"""The text of an API key: `walk_<id>_<secret><checksum>`.

The checksum is CRC32 of everything before it, as in GitHub's tokens ("Behind GitHub's new authentication token
formats", The GitHub Blog, 2021): a mistyped key is recognised without a query, and scanners for leaked secrets make
few false alarms.
"""

from __future__ import annotations

import re
import secrets
import zlib
from dataclasses import dataclass
from hashlib import sha256

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 10
SECRET_LENGTH = 43
"""The number of base-62 characters that hold 256 bits."""
CHECKSUM_LENGTH = 6

PATTERN = rf"\bwalk_[0-9A-Za-z]{{{ID_LENGTH}}}_[0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}\b"
"""The pattern by which a scanner finds a leaked key."""
_KEY = re.compile(PATTERN.replace(r"\b", ""), re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyText:
    """A well-formed key: its public `id`, and the SHA-256 of the whole text.

    A fast hash is right for a secret of 256 random bits: a slow one protects passwords that people choose.
    """

    id: str
    digest: bytes


def generate() -> tuple[KeyText, str]:
    """Return a new key, and its text, which is shown once."""
    identifier, secret = _random(ID_LENGTH), _random(SECRET_LENGTH)
    body = f"walk_{identifier}_{secret}"
    text = body + checksum(body)
    return KeyText(identifier, sha256(text.encode()).digest()), text


def is_id(text: str) -> bool:
    """Tell whether a text can be the id of a key."""
    return len(text) == ID_LENGTH and set(text) <= set(ALPHABET)


def parse(text: str) -> KeyText | None:
    """Return the key in a text, or None for any other text and for one with a wrong checksum."""
    if not _KEY.fullmatch(text):
        return None
    body, found = text[:-CHECKSUM_LENGTH], text[-CHECKSUM_LENGTH:]
    if found != checksum(body):
        return None
    return KeyText(text.split("_")[1], sha256(text.encode()).digest())


def checksum(body: str) -> str:
    """Return the checksum of the text before it, in base 62."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
