"""The one place where a balance changes.

Every change takes the same steps: lock the wallets, in the order of their ids and before any row that refers to
them is inserted (InnoDB's foreign-key check takes a shared lock on the parent, and two transactions that both
hold it and then want to update deadlock: MySQL manual, "Locks Set by Different SQL Statements in InnoDB");
decide from their state under the lock; write wallet, transaction, entry. `commands.execute` commits it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from walletsvc import errors, money
from walletsvc.ledger import hold_writer, writer
from walletsvc.ledger.border import add_lines
from walletsvc.ledger.conditions import Conditions
from walletsvc.ledger.expiry import expire_due
from walletsvc.ledger.guard import decide
from walletsvc.ledger.hold_writer import HoldAsRead
from walletsvc.ledger.interfaces import HoldWriter, LockWallets, Writer
from walletsvc.ledger.locked_wallets import LockedWallet, lock_wallets
from walletsvc.ledger.names import Names
from walletsvc.ledger.together import Leg, check_balanced, credits_first, decide_together
from walletsvc.ledger.totals import Total
from walletsvc.ledger.writer import KeyRow, Line, PostedTransfer
from walletsvc.models import Hold, Transaction, Transfer, Wallet
from walletsvc.models.entry import Kind
from walletsvc.models.wallet import State
from walletsvc.money import ZERO
from walletsvc.principals import SYSTEM, Principal
from walletsvc.telemetry.metrics import POSTINGS

Clock = Callable[[], datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A point in an operation: how many posts, transfers and lines waited then to be written."""

    posts: int
    transfers: int
    lines: int


class Ledger:
    """The wallets that one operation has locked, and their possible changes.

    Decides at once and writes in bulk: `flush` writes each wallet once, and all transactions and entries with one
    statement each, whether the operation posts one transaction or a thousand.
    """

    def __init__(
        self,
        *,
        principal: Principal,
        clock: Clock,
        touched: dict[int, str],
        lock_wallets: LockWallets = lock_wallets,
        writer: Writer = writer,
        hold_writer: HoldWriter = hold_writer,
    ) -> None:
        self.principal = principal
        self.names = Names()
        self._clock = clock
        self._touched = touched
        self._lock_wallets = lock_wallets
        self.writer = writer
        self._hold_writer = hold_writer
        self._wallets: dict[int, LockedWallet] = {}
        self._posted: list[Transaction] = []
        self._transfers: list[PostedTransfer] = []
        self._new_holds: list[Hold] = []
        self._changed_holds: dict[int, Hold] = {}
        self._lines: list[Line] = []
        self._keys: list[KeyRow] = []
        self._shown: list[Wallet | Transaction] = []
        self._reversed: dict[int, Transaction] = {}
        self._at: datetime | None = None
        self._totals: defaultdict[str, Total] = defaultdict(Total)
        self._written: list[Kind] = []
        self.holds: dict[int, Hold] = {}
        """Holds of the locked wallets, by id, in the state that this operation has left them in so far."""
        self.expired: set[int] = set()
        """The locked wallets of which a hold has expired. Their lines stand, whatever becomes of the commands."""

    @property
    def at(self) -> datetime:
        """Return the moment of this operation, fixed once under the lock.

        It is not before the last change of a locked wallet, whatever the servers' clocks say, so that the moments of
        a wallet's entries never fall.
        """
        if self._at is None:
            self._at = self._clock()
            for wallet in self._wallets.values():
                if wallet.updated_at is not None and wallet.updated_at > self._at:
                    self._at = wallet.updated_at
        return self._at

    def lock(
        self,
        wallet_ids: Iterable[int],
        *,
        skip_locked: bool = False,
        waits_for: int | None = None,
        holds: Iterable[HoldAsRead] = (),
    ) -> list[int]:
        """Lock the wallets, in the order of their ids, until the end of the transaction, and let their holds expire.

        One call locks all wallets of an operation. A wallet that does not exist, or that the principal cannot see, is
        refused by `wallet`, not here. With `skip_locked`, so is one that others have locked, except the one that it
        `waits_for`: it is locked first, so that nobody waits meanwhile for those that are locked already. `holds`
        were read before; those whose wallets have changed since are read again. Returns the ids that were skipped,
        and those of missing wallets.
        """
        if self._wallets:
            raise RuntimeError("One call must lock all wallets of an operation, or two operations can deadlock.")
        ids = sorted(set(wallet_ids))
        if skip_locked and waits_for is not None:
            self._lock([waits_for])
            self._lock([each for each in ids if each != waits_for], skip_locked=True)
        else:
            self._lock(ids, skip_locked=skip_locked)
        self._touched.update(self.owners_of(self._wallets))
        self._take_holds(holds)
        self._expire()
        return [each for each in ids if each not in self._wallets and skip_locked and each != waits_for]

    def _lock(self, ids: Sequence[int], *, skip_locked: bool = False) -> None:
        for wallet in self._lock_wallets(ids, principal=self.principal, skip_locked=skip_locked):
            self._wallets[wallet.id] = wallet

    def _take_holds(self, holds: Iterable[HoldAsRead]) -> None:
        """Know these holds, those of the locked wallets, as they are now: only under the lock is that certain."""
        changed = []
        for hold, sequence in holds:
            if hold.wallet_id in self._wallets:
                if self._wallets[hold.wallet_id].sequence == sequence:
                    self.holds[hold.id] = hold
                else:
                    changed.append(hold.id)
        if changed:
            self.holds.update((hold.id, hold) for hold, _ in self._hold_writer.find_holds(changed, by=self.principal))

    def _expire(self) -> None:
        """Let the holds of the locked wallets expire that have come to their end, before anything is decided."""
        due = {each.id: each for each in self._wallets.values() if self._is_due(each)}
        if not due:
            return
        for hold in expire_due(due, at=self.at, writer=self._hold_writer, free=self._free):
            self.holds[hold.id] = hold
            self.expired.add(hold.wallet_id)
        # Nobody has asked for it: the caller is only the first to come by.
        self.flush(by=SYSTEM)

    def _free(self, hold: Hold, wallet: LockedWallet, freed: Decimal) -> None:
        self.record(wallet, wallet.balance, ZERO, Kind.EXPIRE, held=money.negate(freed), hold=hold)

    def _is_due(self, wallet: LockedWallet) -> bool:
        return wallet.next_expiry is not None and wallet.next_expiry <= self.at

    def has_locked(self, wallet_id: int) -> bool:
        """Tell whether the wallet is locked, or was opened by this operation."""
        return wallet_id in self._wallets

    def locked(self, wallet_id: int) -> LockedWallet:
        """Return a wallet that is locked, in whatever state."""
        return self._wallets[wallet_id]

    def owners_of(self, wallet_ids: Iterable[int]) -> dict[int, str]:
        """Return the owner of each of these wallets, which are locked."""
        return {wallet_id: self._wallets[wallet_id].owner for wallet_id in wallet_ids}

    def wallet(self, wallet_id: int, *, field: str | None = None) -> LockedWallet:
        """Return a locked wallet. Raises `NotFound` or `WalletClosed`; `field` is the input that refers to it."""
        wallet = self._wallets.get(wallet_id)
        if wallet is None:
            raise errors.not_found("Wallet", wallet_id, field=field)
        if wallet.state == State.CLOSED:
            raise errors.WalletClosed("The wallet is closed.", field=field, wallet=wallet_id)
        return wallet

    def wallets(self, wanted: Iterable[tuple[int, str | None]]) -> list[LockedWallet]:
        """Return several locked wallets, for their ids and the inputs that refer to them.

        Raises `NotFound` for any of them before `WalletClosed` for another.
        """
        wanted = list(wanted)
        for wallet_id, field in wanted:
            if wallet_id not in self._wallets:
                raise errors.not_found("Wallet", wallet_id, field=field)
        return [self.wallet(wallet_id, field=field) for wallet_id, field in wanted]

    def open_wallet(self, wallet: Wallet, *, opening: Decimal) -> None:
        """Insert a new wallet; an opening balance becomes its first entry.

        Sets its id, balance, sequence and times. Raises what the guard raises, with the field `balance`.
        """
        self.names.take_label(wallet.owner, wallet.label)
        opened = LockedWallet(0, wallet.currency, ZERO, 0, 0, wallet.owner)
        opened.balance, _ = decide(opened, opening, field="balance")
        opened.sequence = 1 if opening else 0
        wallet.balance, wallet.sequence, wallet.available = opened.balance, opened.sequence, opened.available
        wallet.created_at = wallet.updated_at = opened.updated_at = self.at
        self.writer.insert_wallet(wallet)
        self.show(wallet)
        opened.id = wallet.id
        self._wallets[wallet.id] = opened
        self._touched[wallet.id] = wallet.owner
        if opening:
            self._lines.append(Line(opened, 1, opening, opening, Kind.OPENING, None))

    def forget_wallet(self, wallet: LockedWallet, *, transactions: int) -> None:
        """Count so many transactions less: the wallet has been deleted with them."""
        self._totals[wallet.currency].count -= transactions
        del self._wallets[wallet.id]

    def show(self, instance: Wallet | Transaction) -> None:
        """Let the object show, in the end, its row as the operation leaves it: after later posts and reversals."""
        self._shown.append(instance)

    def post(self, transaction: Transaction, *, kind: Kind = Kind.POST, conditions: Conditions | None = None) -> None:
        """Add a new transaction to a locked wallet and apply its amount, if the conditions hold.

        Sets its currency, owner and times, and its id once it is committed, or with `flush(send=True)`. Raises what
        the guard raises, and `DuplicateTxid`; then the ledger is unchanged, so that other posts may continue with it.
        """
        wallet = self.wallet(transaction.wallet_id, field="wallet")
        self.names.check_txid(wallet.owner, transaction.txid)
        self.apply(wallet, transaction.amount, kind, transaction, added=1, conditions=conditions)
        self.add(transaction, wallet)

    def add(self, transaction: Transaction, wallet: LockedWallet) -> None:
        """Let a new transaction of a locked wallet be inserted; its entry is recorded apart.

        Sets what `post` sets. Raises `DuplicateTxid`.
        """
        self.names.take_txid(wallet.owner, transaction.txid)
        transaction.id = None
        transaction.currency, transaction.owner = wallet.currency, wallet.owner
        transaction.created_at = transaction.updated_at = self.at
        self._posted.append(transaction)

    def transfer(
        self, transfer: Transfer, legs: Sequence[Leg], external: Mapping[str, Decimal], *, kind: Kind | None = None
    ) -> None:
        """Post transactions that happen together: the legs of a new transfer, to and from locked wallets.

        `external` is what the outside gets, by currency. `kind` is that of the entries, by default the one that fits
        the leg. Sets of the transfer its owner, `external` and time, and of each leg what `post` sets; all ids are
        set once they are committed, or with `flush(send=True)`. Raises `NotFound`, `WalletClosed`, `Unbalanced`, what
        the guard raises, and `DuplicateTxid`; then the ledger is unchanged.
        """
        wallets = self.wallets((each.transaction.wallet_id, each.inputs.wallet) for each in legs)
        together = list(zip(legs, wallets, strict=True))
        check_balanced(together, external, field="legs")
        decide_together(together, at=self.at)
        transfer.external = {currency: money.format_plain(amount) for currency, amount in external.items()}
        self.add_transfer(transfer, [(leg.transaction, wallet) for leg, wallet in together])
        for leg, wallet in credits_first(together):
            fitting = Kind.TRANSFER_OUT if leg.is_debit else Kind.TRANSFER_IN
            balance = money.add(wallet.balance, leg.transaction.amount)
            self.record(wallet, balance, leg.transaction.amount, kind or fitting, leg.transaction, added=1)

    def add_transfer(self, transfer: Transfer, legs: Sequence[tuple[Transaction, LockedWallet]]) -> None:
        """Let a new transfer and its legs, each with its locked wallet, be inserted; entries are recorded apart.

        Sets of the transfer its owner and time, and of each leg what `post` sets. Raises `DuplicateTxid`.
        """
        owners = {wallet.owner for _, wallet in legs}
        transfer.owner = owners.pop() if len(owners) == 1 else ""
        self.names.check_transfer(transfer.owner, transfer.txid)
        for transaction, wallet in legs:
            self.names.check_txid(wallet.owner, transaction.txid)
        self.names.take_transfer(transfer.owner, transfer.txid)
        transfer.id, transfer.created_at = None, self.at
        for transaction, wallet in legs:
            self.add(transaction, wallet)
        self._transfers.append(PostedTransfer(transfer, [transaction for transaction, _ in legs]))

    def add_hold(self, hold: Hold, wallet: LockedWallet) -> None:
        """Let a new hold of a locked wallet be inserted; its entry is recorded apart.

        Sets its currency, owner and times, and its id once it is committed, or with `flush(send=True)`. Raises
        `DuplicateTxid`.
        """
        self.names.take_hold(wallet.owner, hold.txid)
        hold.id, hold.currency, hold.owner = None, wallet.currency, wallet.owner
        hold.created_at = hold.updated_at = self.at
        self._new_holds.append(hold)

    def change_hold(self, hold: Hold) -> None:
        """Let the amounts and the state of a hold be written as they are."""
        hold.updated_at = self.at
        self._changed_holds[hold.id] = hold

    def find_hold(self, identifier: int, *, afresh: bool = False) -> Hold:
        """Return a hold as this operation has left it so far, under the lock of its wallet. Raises `NotFound`.

        Its amounts and its state are exact. With `afresh`, it is read under the lock, and all of it is.
        """
        if afresh or identifier not in self.holds:
            self.flush()
            found = self._hold_writer.read_hold(identifier, by=self.principal)
            if found is None:
                raise errors.not_found("Hold", identifier)
            self.holds[identifier] = found
        return self.holds[identifier]

    def add_reversed(self, original: Transaction, amount: Decimal) -> None:
        """Note that so much more of a transaction of a locked wallet is reversed. The caller posts the reversal."""
        original.reversed = money.add(original.reversed, amount)
        original.updated_at = self.at
        self.writer.write_reversed(original)
        self._reversed[original.id] = original

    def mark(self) -> Mark:
        """Return how far the operation has come: an argument for `take_back`."""
        return Mark(posts=len(self._posted), transfers=len(self._transfers), lines=len(self._lines))

    def take_back(self, mark: Mark) -> None:
        """Undo all posts and transfers since the mark. Nothing else, and no `flush`, may have happened since.

        A refused hold or capture has nothing to undo: each of them decides before it changes anything.
        """
        for line in self._lines[mark.lines :]:
            line.wallet.balance = money.subtract(line.wallet.balance, line.amount)
            line.wallet.sequence -= 1
        undone = self._posted[mark.posts :]
        for posted in undone:
            self._wallets[posted.wallet_id].transaction_count -= 1
            self.names.give_up(posted.owner, txids=[posted.txid])
        for each in self._transfers[mark.transfers :]:
            self.names.give_up_transfer(each.transfer.owner, each.transfer.txid)
        del self._posted[mark.posts :], self._transfers[mark.transfers :], self._lines[mark.lines :]

    def apply(
        self,
        wallet: LockedWallet,
        change: Decimal,
        kind: Kind,
        transaction: Transaction,
        *,
        added: int = 0,
        conditions: Conditions | None = None,
    ) -> None:
        """Let the guard decide whether a locked wallet may change, and record it as `record` does.

        Raises what the guard raises, with the field `amount`; then the ledger is unchanged.
        """
        at = None if conditions is None else self.at
        balance, _ = decide(wallet, change, field="amount", conditions=conditions, at=at)
        self.record(wallet, balance, change, kind, transaction, added=added)

    def record(
        self,
        wallet: LockedWallet,
        balance: Decimal,
        change: Decimal,
        kind: Kind,
        transaction: Transaction | None = None,
        *,
        held: Decimal = ZERO,
        hold: Hold | None = None,
        added: int = 0,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Give a locked wallet the `balance` that `change` makes of it, add `held` to what is held, and record that.

        The guard has decided it. `added` is how many transactions the wallet has more, `detail` what else changed.
        """
        wallet.balance = balance
        if held:
            wallet.held = money.add(wallet.held, held)
        wallet.sequence += 1
        wallet.transaction_count += added
        line = Line(
            wallet,
            wallet.sequence,
            change,
            wallet.balance,
            kind,
            transaction,
            held=held,
            held_after=wallet.held,
            hold=hold,
            detail=detail,
        )
        self._lines.append(line)
        if transaction is not None:
            transaction.line = line

    def flush(self, *, send: bool = False, by: Principal | None = None) -> None:
        """Write all decisions so far: with the next statement or COMMIT, or with `send` now.

        `by` is their author, by default the caller.
        """
        if not (self._lines or self._keys):
            return
        self.writer.write_changes(
            self._lines,
            self._posted,
            transfers=self._transfers,
            keys=self._keys,
            new_holds=self._new_holds,
            changed_holds=list(self._changed_holds.values()),
            by=by or self.principal,
            at=self.at,
            send=send,
        )
        add_lines(self._totals, self._lines, self._transfers)
        self._written += [line.kind for line in self._lines]
        self._posted, self._transfers, self._lines, self._keys = [], [], [], []
        self._new_holds, self._changed_holds = [], {}

    def remember(self, key: KeyRow) -> None:
        """Store the key of a request with what it has written. No other may be stored with the same hash."""
        self._keys.append(key)

    def has_key(self, key_hash: bytes) -> bool:
        """Tell whether a key with this hash waits to be written."""
        return any(each.hash == key_hash for each in self._keys)

    def complete(self) -> None:
        """Write everything that remains before COMMIT."""
        self.flush()
        self.writer.add_to_totals(self._totals)
        self.update_shown()

    def count_written(self) -> None:
        """Count the lines that have been written, once they are committed."""
        for kind in self._written:
            POSTINGS.add(kind)

    def update_shown(self) -> None:
        """Let the objects that show rows show them as they are now."""
        for shown in self._shown:
            if isinstance(shown, Transaction):
                original = self._reversed.get(shown.id, shown)
                shown.reversed, shown.updated_at = original.reversed, original.updated_at
            else:
                self._update_wallet(shown)

    def _update_wallet(self, wallet: Wallet) -> None:
        left = self._wallets.get(wallet.id)
        # A wallet closed again in this operation stays as it was.
        if left is not None and left.sequence != wallet.sequence:
            wallet.balance, wallet.sequence, wallet.updated_at = left.balance, left.sequence, self.at
            wallet.transaction_count = left.transaction_count
            wallet.held, wallet.available = left.held, left.available
