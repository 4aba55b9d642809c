"""Questions to the read engine, whether from a query string or a GraphQL selection."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from walletsvc.errors import Invalid, InvalidParameter
from walletsvc.moments import Moment, parse_moment
from walletsvc.schema.declarations import Resource

MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 20
MAX_PAGE_NUMBER = 2**31


@dataclass(frozen=True, slots=True)
class NumberedPage:
    """Page `number`, from 1, of `size` records. Raises `InvalidParameter` out of bounds."""

    number: int = 1
    size: int = DEFAULT_PAGE_SIZE

    def __post_init__(self) -> None:
        check_size(self.size, parameter="page.size")
        if not 1 <= self.number <= MAX_PAGE_NUMBER:
            raise InvalidParameter("Pages are numbered from 1.", parameter="page.number")


@dataclass(frozen=True, slots=True)
class CursorPage:
    """`size` records after or before a cursor, or at an end: the first ones, or with `backward` the last ones.

    A size of 0 is valid: Relay's connections, section 4, accept any non-negative integer.
    """

    size: int = DEFAULT_PAGE_SIZE
    after: str | None = None
    before: str | None = None
    backward: bool = False

    def __post_init__(self) -> None:
        check_size(self.size, parameter="last" if self.backward else "first", least=0)


def check_size(size: int, *, parameter: str, least: int = 1) -> None:
    """Raise `InvalidParameter` unless `size` is a valid page size."""
    if not least <= size <= MAX_PAGE_SIZE:
        message = f"A page has {least} to {MAX_PAGE_SIZE} records."
        raise InvalidParameter(message, parameter=parameter, limit=MAX_PAGE_SIZE)


@dataclass(frozen=True, slots=True)
class BalanceQuestion:
    """The request for the balance of each wallet: at a moment, or after the entry with a sequence.

    Raises `InvalidParameter` unless it has exactly one of them, and for a sequence below 1.
    """

    at: Moment | None = None
    sequence: int | None = None

    def __post_init__(self) -> None:
        if (self.at is None) == (self.sequence is None):
            raise InvalidParameter("Give either at or sequence.", parameter="at")
        if self.sequence is not None and self.sequence < 1:
            raise InvalidParameter("Sequences are counted from 1.", parameter="sequence")


def read_moment(text: str, *, parameter: str) -> Moment:
    """Return the moment in a parameter. Raises `InvalidParameter` unless it has the form of RFC 3339."""
    try:
        return parse_moment(text)
    except Invalid as error:
        raise InvalidParameter(error.message, parameter=parameter) from error


@dataclass(frozen=True, slots=True)
class Period:
    """The time from `start` on and before `end`. Raises `InvalidParameter` if it ends before it starts."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise InvalidParameter("A period does not end before it begins.", parameter="to")


def read_bound(text: str, *, parameter: str) -> datetime:
    """Return the first microsecond that is not before the moment in a parameter. Raises `InvalidParameter`."""
    moment = read_moment(text, parameter=parameter)
    try:
        return moment.at if moment.whole else moment.at + timedelta(microseconds=1)
    except OverflowError as error:
        message = "There is no such moment in the years 1 to 9999."
        raise InvalidParameter(message, parameter=parameter) from error


@dataclass(frozen=True, slots=True)
class StatementQuestion:
    """The request for the statement of each wallet, with its sums if it `has_totals`, and with pages of its lines."""

    period: Period
    has_totals: bool = True
    lines: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """The selection from each record: its `fields` (None: all), and related records, to-one and to-many.

    From wallets, also their `balances` in the past, and their `statements`, one for each period; then the fields have
    the `sequence`.
    """

    fields: frozenset[str] | None = None
    to_one: tuple[tuple[str, Selection], ...] = ()
    to_many: tuple[tuple[str, Question], ...] = ()
    balances: tuple[BalanceQuestion, ...] = ()
    statements: tuple[StatementQuestion, ...] = ()

    @property
    def goes_further(self) -> bool:
        """Tell whether it selects more than the columns of the record."""
        return bool(self.to_one or self.to_many or self.balances or self.statements)


@dataclass(frozen=True, slots=True)
class Question:
    """The request for a list.

    `filters` are pairs of a filter's name and value (`filters.py`). `order` names the fields to sort by, with `-` for
    descending; it always ends in the id. `alias` separates two questions about one relation.
    """

    resource: str
    selection: Selection = field(default_factory=Selection)
    filters: tuple[tuple[str, str], ...] = ()
    order: tuple[str, ...] = ()
    page: NumberedPage | CursorPage = field(default_factory=CursorPage)
    count: bool = False
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """A total order: columns with their direction; the last is the id, or the column that numbers the records."""

    columns: tuple[tuple[str, bool], ...]

    def reversed(self) -> Order:
        """Return the reverse order."""
        return Order(tuple((column, not descending) for column, descending in self.columns))

    def order_by(self) -> list[str]:
        """Return the arguments for `QuerySet.order_by`."""
        return [f"-{column}" if descending else column for column, descending in self.columns]


def parse_order(resource: Resource, names: tuple[str, ...], *, parent: str = "") -> Order:
    """Return the total order by `names`, of all records or of those with one parent, by the key `parent`.

    Raises `InvalidParameter` for a name that the list cannot be sorted by.
    """
    columns: dict[str, bool] = {}
    named: set[str] = set()
    for name in names:
        column = resource.orders.get(name.removeprefix("-"))
        if column is None:
            raise InvalidParameter(
                f"{resource.name} cannot be sorted by {name[:64]!r}. Choose from {', '.join(resource.orders)}.",
                parameter="sort",
            )
        if column in named:
            raise InvalidParameter(f"{name!r} is named twice.", parameter="sort")
        named.add(column)
        # Columns after the id have no effect.
        if "id" not in columns:
            columns[column] = name.startswith("-")
    # Ids grow with time: if the last column is descending, so is the id, and one index serves both.
    columns.setdefault("id", next(reversed(columns.values()), False))
    number = resource.numbers.get(parent)
    if number is None:
        return Order(tuple(columns.items()))
    # For one parent it equals the order of ids and has an index; columns after it have no effect.
    words = [(number if column == "id" else column, descending) for column, descending in columns.items()]
    last = next(place for place, (column, _) in enumerate(words) if column == number)
    return Order(tuple(words[: last + 1]))
