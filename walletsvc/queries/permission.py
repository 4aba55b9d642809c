"""Check the scopes of a read: each resource names its scope. A question is checked completely before it is read."""

from __future__ import annotations

from walletsvc import errors
from walletsvc.principals import ADMIN, Principal
from walletsvc.queries.questions import Selection
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import ENTRY, RESOURCES


def check_read(principal: Principal, resource: Resource, selection: Selection) -> None:
    """Raise `Forbidden` unless the principal may read records of `resource` and everything selected from them."""
    if ADMIN in principal.scopes:
        return
    if not principal.may(resource.scope):
        raise errors.Forbidden(f"This takes the scope {resource.scope}.", scope=resource.scope)
    check_related(principal, resource, selection)


def check_related(principal: Principal, resource: Resource, selection: Selection) -> None:
    """Raise `Forbidden` unless the principal may read the selected related records of `resource`."""
    if ADMIN in principal.scopes:
        return
    for name, wanted in selection.to_one:
        check_read(principal, RESOURCES[resource.to_one[name].target], wanted)
    for _, question in selection.to_many:
        check_read(principal, RESOURCES[question.resource], question.selection)
    if selection.balances or selection.statements:
        # They are columns of entries.
        check_read(principal, ENTRY, Selection())
    for statement in selection.statements:
        for question in statement.lines:
            check_read(principal, ENTRY, question.selection)
