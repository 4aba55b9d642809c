"""The tables: columns and constraints, nothing else."""

from walletsvc.models.access import AccessEvent, ApiKey
from walletsvc.models.cache_state import CacheState
from walletsvc.models.entry import Entry
from walletsvc.models.hold import Hold
from walletsvc.models.reconciliation import Reconciliation
from walletsvc.models.replay_key import ReplayKey
from walletsvc.models.reporting import ReportingWalletDay
from walletsvc.models.total import Total
from walletsvc.models.transaction import Transaction
from walletsvc.models.transfer import Transfer
from walletsvc.models.wallet import Wallet

__all__ = [
    "AccessEvent",
    "ApiKey",
    "CacheState",
    "Entry",
    "Hold",
    "Reconciliation",
    "ReplayKey",
    "ReportingWalletDay",
    "Total",
    "Transaction",
    "Transfer",
    "Wallet",
]
