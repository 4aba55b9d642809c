"""Answers that are sent in parts have room for some at a time."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client

from walletsvc import errors
from walletsvc.web import static
from walletsvc.web.streams import RETRY_SECONDS, Stream, Streams

pytestmark = pytest.mark.without_engine

PARTS = [b"a", b"b"]
URL = "/static/rest_api/docs.js"


def begin_until_there_is_no_room(streams: Streams, parts: list[bytes] = PARTS) -> list[Stream]:
    found: list[Stream] = []
    try:
        while True:
            found.append(streams.begin(parts))
    except errors.Unavailable:
        return found


def test_there_is_room_for_as_many_as_said_until_they_are_closed() -> None:
    streams = Streams(3)
    for _ in range(2):
        found = begin_until_there_is_no_room(streams)
        assert [b"".join(each) for each in found] == [b"ab"] * 3
        for each in found:
            each.close()
            each.close()


def test_one_that_nobody_has_read_or_closed_leaves_its_room() -> None:
    streams = Streams(2)
    assert len(begin_until_there_is_no_room(streams)) == 2
    gc.collect()
    assert len(begin_until_there_is_no_room(streams)) == 2


def test_what_makes_the_parts_is_closed_with_them() -> None:
    was_closed = False

    def make() -> Iterator[bytes]:
        nonlocal was_closed
        try:
            yield from PARTS
        finally:
            was_closed = True

    stream = Streams(1).begin(make())
    assert next(stream) == b"a"
    stream.close()
    assert was_closed


def test_who_is_refused_is_told_when_to_come_again() -> None:
    streams = Streams(1)
    first = streams.begin(PARTS)
    with pytest.raises(errors.Unavailable) as refused:
        streams.begin(PARTS)
    assert refused.value.retry_after_seconds == RETRY_SECONDS
    first.close()


def test_half_of_the_threads_may_send_them() -> None:
    from walletsvc.web.streams import streams

    assert len(begin_until_there_is_no_room(streams)) == max(1, settings.WEB_THREADS // 2)


def test_a_small_file_needs_no_room_and_a_large_one_is_refused_without(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Streams(1)
    monkeypatch.setattr(static, "streams", full)
    content = b"".join(client.get(URL))
    taken = full.begin([])
    answer = client.get(URL)
    assert (answer.status_code, list(answer)) == (200, [content])
    etag = answer["ETag"]
    monkeypatch.setattr(static, "MAX_WHOLE_BYTES", len(content) - 1)
    refused = client.get(URL)
    assert (refused.status_code, refused["Retry-After"]) == (503, str(RETRY_SECONDS))
    assert client.get(URL, headers={"If-None-Match": etag}).status_code == 304
    taken.close()
    answer = client.get(URL)
    assert (answer.status_code, b"".join(answer)) == (200, content)
