"""Methods and headers, which every request has."""

from __future__ import annotations

from tests.hostile_hour.requests import JSON_API, Kind, Request, graphql, json_api, number_of, pad, short


def accepts(text: str, size: int) -> Request:
    return Request("/api/wallets/", headers={"Accept": f"{JSON_API}, a/{pad(text, short(size))}"})


def media_types(text: str, size: int) -> Request:
    asked = graphql(query="{wallets{totalCount}}")
    return Request(asked.path, "POST", {"Content-Type": f"application/json; {pad(text, short(size))}=1"}, asked.body)


def origins(text: str, size: int) -> Request:
    return Request("/api/wallets/", headers={"Origin": f"https://{pad(text, short(size))}"})


def hosts(text: str, _size: int) -> Request:
    return Request("/api/wallets/1/", headers={"Host": f"localhost:{number_of(text) % 65_535 + 1}"})


def unknown_hosts(text: str, size: int) -> Request:
    return Request("/api/wallets/1/", headers={"Host": pad(text, short(size))})


def header_names(text: str, size: int) -> Request:
    return Request("/api/wallets/1/", headers={f"X-{text}": pad(text, short(size))})


def etags(text: str, size: int) -> Request:
    return Request("/api/wallets/1/", headers={"If-None-Match": f'"{pad(text, short(size))}"'})


def preconditions(text: str, size: int) -> Request:
    document = {"data": {"type": "Wallet", "id": "1", "attributes": {"label": text}}}
    return json_api("/api/wallets/1/", document, method="PATCH", **{"If-Match": f'"{pad(text, short(size))}"'})


def preflights(text: str, size: int) -> Request:
    headers = {"Origin": f"https://{text}.example", "Access-Control-Request-Headers": pad(text, short(size))}
    return Request("/api/wallets/", "OPTIONS", {**headers, "Access-Control-Request-Method": text})


def methods(text: str, size: int) -> Request:
    return Request("/api/wallets/1/", pad(text, min(size, 60)).upper())


def credentials(text: str, size: int) -> Request:
    return Request("/api/wallets/1/", headers={"Authorization": f"Bearer {pad(text, short(size))}"})


KINDS: tuple[Kind, ...] = (
    *(accepts, media_types, origins, hosts, unknown_hosts, header_names, etags, preconditions, preflights),
    *(methods, credentials),
)
