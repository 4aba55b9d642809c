"""Both faces accept a body however it is transferred, and both check the host: bytes through a real socket."""

from __future__ import annotations

import json
import socket
from typing import Any

from tests.live import LiveServer

TIMEOUT_SECONDS = 60
REST = ("/api/wallets/", "application/vnd.api+json")
GRAPHQL = ("/graphql/", "application/json")
COUNT = b'{"query":"{wallets{totalCount}}"}'


def document(face: tuple[str, str], label: str) -> bytes:
    """Return the body that opens a wallet."""
    if face is REST:
        return json.dumps({"data": {"type": "Wallet", "attributes": {"label": label}}}).encode()
    query = f'mutation {{ done: createWallet(input: {{label: "{label}"}}) {{ userErrors {{ code }} }} }}'
    return json.dumps({"query": query}).encode()


def chunks(body: bytes) -> bytes:
    """Return a body in chunks of 7 bytes (RFC 9112, section 7.1)."""
    parts = [body[start : start + 7] for start in range(0, len(body), 7)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])


def send(live: LiveServer, face: tuple[str, str], framing: str, body: bytes, host: str = "") -> tuple[int, Any]:
    """Send a request and return the status and the document of the answer."""
    path, media_type = face
    head = f"POST {path} HTTP/1.1\r\nHost: {host or live.host}\r\nContent-Type: {media_type}\r\n{framing}\r\n"
    with socket.create_connection((live.host, live.port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)
        with connection.makefile("rb") as stream:
            answer = stream.read()
    head_lines, _, content = answer.partition(b"\r\n\r\n")
    return int(head_lines.split()[1]), json.loads(content)


def codes(content: Any) -> list[str]:
    return [error.get("code") or error["extensions"]["code"] for error in content.get("errors", ())]


def test_chunks_are_taken_and_foreign_hosts_are_not(live: LiveServer) -> None:
    def count() -> int:
        _, content = send(live, GRAPHQL, f"Content-Length: {len(COUNT)}", COUNT)
        found: int = content["data"]["wallets"]["totalCount"]
        return found

    for number, face in enumerate((REST, GRAPHQL), 1):
        body = document(face, f"In chunks {number}")
        status, content = send(live, face, "Transfer-Encoding: chunked", chunks(body))
        assert (status, codes(content)) == ({REST: 201, GRAPHQL: 200}[face], [])
        assert count() == number
    for face in (REST, GRAPHQL):
        for refused in (b"\xef\xbb\xbf" + document(face, "A"), document(face, "A")[:-1], b'{"a":1,"a":2}'):
            status, content = send(live, face, "Transfer-Encoding: chunked", chunks(refused))
            assert (status, codes(content)) == (400, ["malformed"])
        body = document(face, "Of another host")
        for framing, sent_body in (
            (f"Content-Length: {len(body)}", body),
            ("Transfer-Encoding: chunked", chunks(body)),
        ):
            # The settings are those of DEBUG, which knows the machine's own names.
            status, content = send(live, face, framing, sent_body, host="evil.example")
            assert (status, codes(content)) == (400, ["invalid_host"])
    assert count() == 2
