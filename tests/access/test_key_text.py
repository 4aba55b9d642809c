"""The text of a key shows whether it is well-formed."""

from __future__ import annotations

import re
import zlib
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walletsvc.access.key_text import ALPHABET, PATTERN, checksum, generate, parse

pytestmark = pytest.mark.without_engine

BODY = "walk_0123456789_" + "a" * 43


def test_a_key_is_made_of_an_id_a_secret_and_a_checksum() -> None:
    key, text = generate()
    assert re.fullmatch(r"walk_[0-9A-Za-z]{10}_[0-9A-Za-z]{49}", text)
    assert (key.id, key.digest) == (text[5:15], sha256(text.encode()).digest())
    assert parse(text) == key


def test_no_two_keys_are_equal() -> None:
    made = [generate() for _ in range(200)]
    assert len({text for _, text in made}) == len({key.id for key, _ in made}) == 200
    # Each character of the alphabet comes up, so no part of it is missing from the secrets.
    assert {letter for _, text in made for letter in text[16:59]} == set(ALPHABET)


def test_the_checksum_is_crc32_in_base_62() -> None:
    number = 0
    for digit in checksum(BODY):
        number = number * 62 + "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".index(digit)
    assert number == zlib.crc32(BODY.encode())
    assert len(checksum(BODY)) == 6


@given(st.integers(0, 64), st.sampled_from(ALPHABET))
def test_a_mistyped_key_does_not_parse(place: int, letter: str) -> None:
    text = BODY + checksum(BODY)
    mistyped = text[:place] + letter + text[place + 1 :]
    assert (parse(mistyped) is None) == (mistyped != text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "walk_",
        BODY,
        f"{BODY}{checksum(BODY)}\n",
        f" {BODY}{checksum(BODY)}",
        f"{BODY}{checksum(BODY)}a",
        f"{BODY[:-1]}\u0661{checksum(BODY)}",
        "\u00e9" * 65,
        "x" * 1_000_000,
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_anything_else_is_not_a_key(text: str) -> None:
    assert parse(text) is None


def test_a_scanner_finds_a_key_in_a_text() -> None:
    _, text = generate()
    assert re.findall(PATTERN, f'KEY="{text}"; other=walk_{text}') == [text]
