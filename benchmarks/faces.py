"""The server's two faces, REST and GraphQL, as clients that open wallets, post transactions and read them back.

`Face` holds what both share: one keep-alive connection, retries while the server is busy, and the rule that
makes a retried post safe. rest_face.py and graphql_face.py know the requests and answers of each face.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

import httpx
import orjson

PAGE_SIZE = 100
ATTEMPTS = 10
LONGEST_PAUSE_SECONDS = 10.0
TIMEOUT_SECONDS = 60.0

INSUFFICIENT_FUNDS = "insufficient_funds"
_BUSY_STATUSES = {429, 503}
_BUSY_CODES = {"conflict", "rate_limited"}
# A retried post can get these if its first attempt was stored but its answer was lost.
_CODES_AFTER_A_LOST_ANSWER = {"duplicate_txid", INSUFFICIENT_FUNDS}

T = TypeVar("T")


class ReplayStoppedError(Exception):
    """The replay cannot go on."""


class UnreachableError(ReplayStoppedError):
    """No answer came from the server."""


class LabelTakenError(ReplayStoppedError):
    """A wallet with that label exists already, so this replay would mix with an earlier one."""


class BadAnswerError(ReplayStoppedError):
    """The server gave an answer that the contract does not allow."""


@dataclass(frozen=True, slots=True)
class NewTransaction:
    """A transaction to post; `amount` is sent unchanged."""

    txid: str
    amount: str
    description: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredWallet:
    wallet_id: str
    label: str
    balance: Decimal


@dataclass(frozen=True, slots=True)
class StoredTransaction:
    txid: str
    amount: Decimal
    wallet_id: str


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """A value, or the code of the refusal; `retried` if an earlier attempt may have been stored."""

    value: T | None
    code: str | None
    retried: bool


class Face(ABC):
    """A client of one face of the server at `url`. Not thread-safe: create one for each worker.

    `pause` waits the given seconds between attempts; `transport` replaces the network in tests.
    """

    name: str
    content_type: str

    def __init__(
        self,
        url: str,
        *,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._pause = pause
        # trust_env=False: a proxy in the environment would be measured along with the server.
        self._client = httpx.Client(transport=transport, trust_env=False)
        # Requests are built from these parts: Client.post() would merge its defaults into each request again.
        self._headers = httpx.Headers({"Content-Type": self.content_type, "Accept": self.content_type})
        self._extensions = {"timeout": httpx.Timeout(TIMEOUT_SECONDS).as_dict()}

    def close(self) -> None:
        self._client.close()

    def check_reachable(self) -> None:
        """Raise UnreachableError unless the server at `url` answers, with any status."""
        try:
            self._client.get(self.url)
        except httpx.TransportError as error:
            raise UnreachableError(f"no server answers at {self.url}: {error}") from error

    def open_wallet(self, label: str, currency: str) -> str:
        """Open an empty wallet and return its id.

        Raises LabelTakenError if a wallet has that label already.
        """
        reply = self._create_wallet(label, currency)
        if reply.value is not None:
            return reply.value
        if reply.code != "duplicate_label":
            raise BadAnswerError(f"wallet {label!r} was refused: {reply.code}")
        if reply.retried and (stored := self._find_wallet(label)) and not stored.balance:
            return stored.wallet_id
        raise LabelTakenError(f"a wallet {label!r} exists already: give another --prefix")

    def post(self, wallet_id: str, new: NewTransaction) -> str | None:
        """Post a transaction; return None if it was accepted, else the code of the refusal."""
        reply = self._create_transaction(wallet_id, new)
        if reply.retried and reply.code in _CODES_AFTER_A_LOST_ANSWER:
            ours = StoredTransaction(new.txid, Decimal(new.amount), wallet_id)
            return None if self._find_transaction(new.txid) == ours else reply.code
        return reply.code

    @abstractmethod
    def list_wallets(self) -> Iterator[StoredWallet]:
        """Page through every wallet that the server lists."""

    @abstractmethod
    def list_transactions(self) -> Iterator[StoredTransaction]:
        """Page through every transaction that the server lists."""

    @abstractmethod
    def _create_wallet(self, label: str, currency: str) -> Reply[str]: ...

    @abstractmethod
    def _create_transaction(self, wallet_id: str, new: NewTransaction) -> Reply[str]: ...

    @abstractmethod
    def _find_wallet(self, label: str) -> StoredWallet | None: ...

    @abstractmethod
    def _find_transaction(self, txid: str) -> StoredTransaction | None: ...

    @abstractmethod
    def _read(self, document: Any) -> tuple[Any, str | None]:
        """Split an answer into its value and the code of the refusal."""

    def _send(
        self, method: str, url: httpx.URL, body: object, pick: Callable[[Any], T], *, write: bool = True
    ) -> Reply[T]:
        """Send a request, again while the server is busy or the connection breaks; `pick` extracts the value.

        Raises UnreachableError if no attempt got an answer, BadAnswerError for an invalid one.
        """
        content = orjson.dumps(body) if body is not None else b""
        request = httpx.Request(method, url, headers=self._headers, content=content, extensions=self._extensions)
        trouble: ReplayStoppedError
        for attempt in range(ATTEMPTS):
            pause_seconds = min(0.05 * 2**attempt, LONGEST_PAUSE_SECONDS)
            try:
                response = self._client.send(request)
            except httpx.TransportError as error:
                trouble = UnreachableError(f"{method} {url}: {error or type(error).__name__}")
            else:
                if response.status_code not in _BUSY_STATUSES:
                    value, code = self._understand(response, pick)
                    if code not in _BUSY_CODES:
                        return Reply(value, code, retried=attempt > 0 and write)
                pause_seconds = _retry_after_seconds(response, default=pause_seconds)
                trouble = BadAnswerError(f"{method} {url}: still busy after {ATTEMPTS} attempts")
            if attempt + 1 < ATTEMPTS:
                self._pause(pause_seconds)
        raise trouble

    def _fetch(self, method: str, url: httpx.URL, body: object, pick: Callable[[Any], T]) -> T:
        """Send a request that only reads, and return its value; raise BadAnswerError if it is refused."""
        reply = self._send(method, url, body, pick, write=False)
        if reply.value is None:
            raise BadAnswerError(f"{method} {url}: reading was refused: {reply.code}")
        return reply.value

    def _understand(self, response: httpx.Response, pick: Callable[[Any], T]) -> tuple[T | None, str | None]:
        try:
            if response.status_code >= 500:
                raise ValueError(response.reason_phrase)
            payload, code = self._read(orjson.loads(response.content))
            return (pick(payload), None) if code is None else (None, code)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise BadAnswerError(
                f"{response.request.method} {response.url} answered {response.status_code}, "
                f"which is not understood ({error!r}): {response.text[:300]!r}"
            ) from error


def _retry_after_seconds(response: httpx.Response, *, default: float) -> float:
    """Read Retry-After in whole seconds (RFC 9110, 10.2.3), bounded."""
    value = response.headers.get("Retry-After", "")
    return min(float(value), LONGEST_PAUSE_SECONDS) if value.isdecimal() else default
