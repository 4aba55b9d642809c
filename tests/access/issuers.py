"""A real issuer of tokens: it describes itself over HTTP on this machine, shows its keys, and signs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

DESCRIPTION, KEYS = "/.well-known/openid-configuration", "/keys"
AUDIENCE = "walletsvc"
ABSENT = object()
"""The value of a claim that a token does not have."""


@cache
def new_key(algorithm: str, name: str = "") -> Any:
    """Return a private key, the same for the same words: making one takes long."""
    match algorithm[:2]:
        case "RS" | "PS":
            return rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        case "ES":
            return ec.generate_private_key(ec.SECP256R1())
        case _:
            return ed25519.Ed25519PrivateKey.generate()


def public_pem(key: Any) -> bytes:
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


class Issuer:
    """An issuer with keys by their kid. `answers` has what a path is answered with instead: a status, headers, bytes.

    `asked` has the paths that were asked for. It is away after `stop`, and back at the same address after `start`.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.keys = {algorithm: (algorithm, new_key(algorithm)) for algorithm in ("RS256", "ES256", "EdDSA")}
        self._port = 0
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                answer = issuer.answers.get(self.path)
                if answer is not None:
                    answer(self)
                else:
                    send(self, json.dumps(issuer.documents[self.path]).encode())

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_port
        Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def documents(self) -> dict[str, Any]:
        return {
            DESCRIPTION: {"issuer": self.url, "jwks_uri": self.url + KEYS},
            KEYS: {"keys": [self.public_jwk(kid) for kid in self.keys]},
        }

    def public_jwk(self, kid: str) -> dict[str, Any]:
        algorithm, key = self.keys[kid]
        shown: dict[str, Any] = get_default_algorithms()[algorithm].to_jwk(key.public_key(), as_dict=True)  # type: ignore[attr-defined]
        return {**shown, "kid": kid, "alg": algorithm, "use": "sig"}

    def token(
        self, *, kid: str = "RS256", key: Any = None, headers: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """Sign a token that is good but for the given claims and headers."""
        algorithm, own = self.keys[kid]
        now = int(time.time())
        payload = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "alice",
            "iat": now,
            "exp": now + 300,
            "scope": "wallets:read wallets:write transactions:read transactions:write",
            **claims,
        }
        payload = {name: value for name, value in payload.items() if value is not ABSENT}
        header = {"kid": kid, **(headers or {})}
        header = {name: value for name, value in header.items() if value is not ABSENT}
        return sign(algorithm, own if key is None else key, payload, header)


def sign(algorithm: str, key: Any, payload: Any, header: dict[str, Any]) -> str:
    """Sign whatever it is, although PyJWT would refuse to sign some of it."""
    header = {"alg": algorithm, "typ": "JWT", **header}
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    parts = b".".join(jwt.utils.base64url_encode(each) for each in (json.dumps(header).encode(), body))
    signer: Any = get_default_algorithms()[algorithm]
    signature = signer.sign(parts, signer.prepare_key(key))
    return f"{parts.decode()}.{jwt.utils.base64url_encode(signature).decode()}"


def send(request: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    request.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)
