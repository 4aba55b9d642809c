"""Secrets are kept out of any text."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walletsvc.access import key_text
from walletsvc.telemetry.redaction import Redaction

pytestmark = pytest.mark.without_engine

_BODY = "walk_0123456789_" + 43 * "s"
KEY = _BODY + key_text.checksum(_BODY)
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLWFsaWNl"
PASSWORD = "p4$$w0rd&more"

SECRETS = {
    f"Authorization: Bearer {KEY}": [KEY[16:]],
    f"Authorization: Bearer {TOKEN}": TOKEN.split("."),
    "Authorization: Basic d2FsbGV0OnNlY3JldA==": ["d2FsbGV0"],
    "Authorization: Bearer opaque-credentials": ["opaque"],
    f"Bearer%20{KEY}": [KEY[16:]],
    f"/api/wallets/?key={KEY}&page[size]=2": [KEY[16:]],
    quote(KEY, safe="").replace("_", "%5F"): [KEY[16:40]],
    f"/api/wallets/?token={TOKEN}": TOKEN.split("."),
    KEY[:30]: [KEY[16:30]],
    f"x{KEY.upper()}": [KEY[16:].upper()],
    f"redis://:{PASSWORD}@127.0.0.1:6379/0": [PASSWORD],
    f"cannot connect to mysql://wallet:{quote(PASSWORD)}@db,db2/walletsvc": [quote(PASSWORD)],
    "rediss+sentinel://user:p@ss@word@host:26379/mymaster/0": ["p@ss", "ss@word"],
    f"{{'password': '{PASSWORD}', 'host': 'db'}}": [PASSWORD],
    f"connect(host='db', password='{PASSWORD}')": [PASSWORD],
    f"PASSWORD={PASSWORD} HOST=db": [PASSWORD],
    json.dumps({"api_key": "abc-def-ghi"}): ["abc-def-ghi"],
    json.dumps({"text": json.dumps({"secret": "abc-def-ghi"})}): ["abc-def-ghi"],
}


@pytest.mark.parametrize(("text", "hidden"), SECRETS.items(), ids=SECRETS)
def test_what_looks_like_a_secret_is_hidden(text: str, hidden: list[str]) -> None:
    for surrounded in (text, f'GET "{text}" failed: {text}, again'):
        left = Redaction()(surrounded)
        assert not [each for each in hidden if each in left], left
        assert "***" in left


@pytest.mark.parametrize(
    "text",
    [
        "POST /api/transactions/ 201 in 3 ms",
        "A caller is refused: a token that is not good yet",
        "A caller is refused: key 0123456789 is unknown, expired or revoked",
        "Show who you are: Authorization: Bearer, and a good API key or token.",
        "http://localhost:8000/api/wallets/ and ws://[::1]:8001/graphql/",
        "someone@example.com wrote to walker_@example.com",
        'File "/srv/keyword_arguments.py", line 3, in eyelet',
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert Redaction(["a known secret"])(text) == text


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=6, max_size=40),
    around=st.text("abc {}\"'", max_size=5),
)
def test_known_secrets_are_hidden_however_they_are_printed(secret: str, around: str) -> None:
    hide = Redaction([secret])
    for printed in (
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    ):
        assert printed not in hide(f"{around}{printed}{around}")


def test_a_line_of_json_stays_one() -> None:
    for text in SECRETS:
        line = json.dumps({"event": text, "a": 1, "nested": {"b": [text]}})
        assert json.loads(Redaction([PASSWORD])(line))["a"] == 1


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["walk_", "eyJ", "://:", "password=", "bearer ", "://a:@", "eyJaaaaaaaaaaa.", "a:b@"]
)
def test_hostile_texts_take_no_longer(piece: str) -> None:
    Redaction([PASSWORD])(piece * 20_000)
