"""Some rows of a file of transactions: find or open their wallets, and post them by one commit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto

from walletsvc import errors, money
from walletsvc.commands.execute import execute, execute_all
from walletsvc.commands.imports import AlreadyThere, PostEach, Posted, find_fingerprints, judge_holder
from walletsvc.commands.outcomes import Done
from walletsvc.commands.transactions import PostTransaction
from walletsvc.commands.wallets import OpenWallet
from walletsvc.management.import_rows import Row, WalletName
from walletsvc.models import Entry, Wallet
from walletsvc.models.entry import Kind
from walletsvc.principals import Principal
from walletsvc.queries.scope import within_reach


class RefusedBefore(errors.WalletError):
    """An earlier run of the import has refused the row."""

    code = "refused_before"


class Outcome(Enum):
    """What has become of a row that was not refused."""

    POSTED = auto()
    OPENED = auto()
    THERE = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """By whom rows are posted, and to which wallets: with an `owner`, to that owner's only.

    `opens_wallets` opens those that are missing, in `currency` if the row names none.
    """

    principal: Principal
    owner: str | None = None
    opens_wallets: bool = False
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class FoundWallet:
    """A wallet that rows refer to."""

    id: int
    owner: str
    currency: str


@dataclass(slots=True)
class Batch:
    """Consecutive rows with the `wallets` that they refer to; `verdicts` has what becomes of each, by its line.

    Rows up to the line `settled` have been judged by an earlier run: what is not there was refused.
    """

    rows: Sequence[Row]
    terms: Terms
    wallets: dict[WalletName, FoundWallet]
    settled: int = 0
    verdicts: dict[int, Outcome | errors.WalletError] = field(default_factory=dict)

    def find_posted(self) -> list[int]:
        """Return the lines of the rows whose transactions are there already, posted by the same request."""
        posts = self._parse_posts()
        verdicts = zip(posts, self._judge_holders(list(posts.values())), strict=True)
        return [line for line, verdict in verdicts if isinstance(verdict, AlreadyThere)]

    def judge(self, *, is_rehearsal: bool) -> None:
        """Post the rows and set all verdicts. A rehearsal sets the same as far as that needs no change.

        Raises what `execute` raises.
        """
        if self.terms.opens_wallets:
            self._open_missing(is_rehearsal=is_rehearsal)
        self._judge_openings()
        posts = self._parse_posts()
        found = dict(zip(posts, self._judge_holders(list(posts.values())), strict=True))
        for row in self.rows:
            if row.line <= self.settled and not isinstance(found.get(row.line), AlreadyThere | errors.DuplicateTxid):
                self._refuse_settled(row)
                posts.pop(row.line, None)
        results: Sequence[Posted | None] = [found[line] for line in posts]
        if not is_rehearsal and any(each is None for each in results):
            command = PostEach(tuple(post for _, post in posts.values()))
            results = execute(command, by=self.terms.principal)
        for line, result in zip(posts, results, strict=True):
            if isinstance(result, errors.WalletError):
                self.verdicts[line] = result
            else:
                self.verdicts[line] = Outcome.THERE if isinstance(result, AlreadyThere) else Outcome.POSTED

    def _refuse_settled(self, row: Row) -> None:
        """Refuse a row that is not there although a later one is, unless its cells say what is wrong with it."""
        if row.line not in self.verdicts or isinstance(self.verdicts[row.line], errors.NotFound):
            message = "An earlier run has refused the row, or it was deleted since: a later row is there already."
            self.verdicts[row.line] = RefusedBefore(message)

    # -- wallets ---------------------------------------------------------------------------------------

    def _open_missing(self, *, is_rehearsal: bool) -> None:
        """Open the wallets that are missing, each with the opening balance of its first row if that is one."""
        opening: dict[tuple[str, str], tuple[Row, OpenWallet]] = {}
        for row in self.rows:
            if row.refusal is not None or row.line <= self.settled:
                continue
            try:
                name = row.wallet_name(self.terms.owner)
                if not isinstance(name, int) and name not in self.wallets and name not in opening:
                    opening[name] = row, self._parse_opening(row, *name)
            except errors.WalletError as refusal:
                self.verdicts[row.line] = refusal
        while opening and not is_rehearsal:
            outcome = execute_all([command for _, command in opening.values()], by=self.terms.principal)
            if isinstance(outcome, Done):
                break
            refused = [*opening][outcome.index]
            row, _ = opening.pop(refused)
            self.verdicts[row.line] = outcome.error
        for name, (row, command) in opening.items():
            if row.is_opening:
                self.verdicts[row.line] = Outcome.OPENED
            self.wallets[name] = FoundWallet(0, name[0], command.currency)
        if opening and not is_rehearsal:
            self.wallets = find_wallets(self.rows, self.terms)

    def _parse_opening(self, row: Row, owner: str, label: str) -> OpenWallet:
        values: dict[str, object] = {"label": label}
        currency = row.currency or self.terms.currency
        if currency is not None:
            values["currency"] = currency
        if self.terms.principal.owner is None:
            values["owner"] = owner
        if row.is_opening:
            values["balance"] = row.cells["amount"]
            values["metadata"] = row.metadata()
        return OpenWallet.parse(values)

    def _judge_openings(self) -> None:
        """Judge the rows that are opening balances of wallets that exist: are they the same?"""
        openings = {row.line: row for row in self.rows if row.is_opening and row.line not in self.verdicts}
        if not openings:
            return
        wallets = {line: found for line, row in openings.items() if (found := self._wallet_of(row)) is not None}
        first = Entry.objects.filter(wallet_id__in={each.id for each in wallets.values()}, sequence=1)
        amounts = dict(first.filter(kind=Kind.OPENING).values_list("wallet_id", "amount"))
        for line, wallet in wallets.items():
            try:
                same = money.parse_amount(openings[line].cells["amount"]) == amounts.get(wallet.id, Decimal(0))
            except errors.WalletError as refusal:
                self.verdicts[line] = refusal
                continue
            message = "There is a wallet with this label, and another opening balance."
            self.verdicts[line] = Outcome.THERE if same else errors.DuplicateLabel(message, field="label")

    def _wallet_of(self, row: Row) -> FoundWallet | None:
        """Return the wallet of a row; without one, or with one of another currency, the row is refused."""
        if row.refusal is not None:
            self.verdicts[row.line] = row.refusal
            return None
        try:
            name = row.wallet_name(self.terms.owner)
            wallet = self.wallets.get(name)
            if wallet is None:
                field, shown = ("wallet", name) if isinstance(name, int) else ("label", name[1])
                raise errors.not_found("Wallet", shown, field=field)
            if row.currency is not None and row.currency != wallet.currency:
                raise errors.CurrencyMismatch(
                    f"The row is in {row.currency[:16]}, and its wallet in {wallet.currency}.",
                    field="currency",
                    currencies=[row.currency, wallet.currency],
                )
        except errors.WalletError as refusal:
            self.verdicts.setdefault(row.line, refusal)
            return None
        return wallet

    # -- transactions ----------------------------------------------------------------------------------

    def _parse_posts(self) -> dict[int, tuple[FoundWallet, PostTransaction]]:
        """Return the posts of the rows that have no verdict yet, by line, and refuse those that are none."""
        posts: dict[int, tuple[FoundWallet, PostTransaction]] = {}
        for row in self.rows:
            wallet = None if row.line in self.verdicts else self._wallet_of(row)
            if wallet is None:
                continue
            try:
                posts[row.line] = wallet, row.parse(wallet.id)
            except errors.WalletError as refusal:
                self.verdicts[row.line] = refusal
        return posts

    @staticmethod
    def _judge_holders(
        posts: Collection[tuple[FoundWallet, PostTransaction]],
    ) -> Iterator[AlreadyThere | errors.DuplicateTxid | None]:
        """Yield for each post whether its txid has been taken before, by the same request or another."""
        holders = find_fingerprints((wallet.owner, post.txid) for wallet, post in posts)
        for wallet, post in posts:
            name = wallet.owner, post.txid
            yield judge_holder(holders[name], post) if name in holders else None


def find_wallets(rows: Sequence[Row], terms: Terms) -> dict[WalletName, FoundWallet]:
    """Return the wallets that rows refer to, as far as they exist and the principal can see them."""
    ids: set[int] = set()
    labels: dict[str, set[str]] = {}
    for row in rows:
        try:
            name = None if row.refusal is not None else row.wallet_name(terms.owner)
        except errors.WalletError:
            continue
        if isinstance(name, int):
            ids.add(name)
        elif name is not None:
            labels.setdefault(name[0], set()).add(name[1])
    visible = within_reach(Wallet.objects.all(), terms.principal)
    found: dict[WalletName, FoundWallet] = {}
    for identifier, owner, currency in visible.filter(id__in=ids).values_list("id", "owner", "currency"):
        found[identifier] = FoundWallet(identifier, owner, currency)
    for owner, some in labels.items():
        named = visible.filter(owner=owner, label__in=some)
        for label, identifier, currency in named.values_list("label", "id", "currency"):
            found[owner, label] = FoundWallet(identifier, owner, currency)
    return found
