"""The filters of all lists, from the declarations of resources. Both faces use them.

A filter is named as in REST: `label`, `label.icontains`, `createdAt.gte`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Lower

from walletsvc.errors import InvalidParameter, WalletError
from walletsvc.ids import MAX_ID, NO_ID, read_id
from walletsvc.moments import Moment as ParsedMoment
from walletsvc.moments import parse_moment
from walletsvc.money import parse_amount
from walletsvc.principals import Principal
from walletsvc.queries.comparisons import compare, compare_moment
from walletsvc.schema.declarations import Field, Resource
from walletsvc.schema.resources import RESOURCES, RESOURCES_OF_OWNER
from walletsvc.schema.types import (
    Amount,
    Choice,
    Counter,
    Currency,
    Moment,
    Name,
    OptionalMoment,
    Owner,
    Text,
    Type,
)


class _AmountField(forms.Field):
    def to_python(self, value: Any) -> Decimal | None:
        if value is None:
            return None
        try:
            return parse_amount(value)
        except WalletError as error:
            raise ValidationError(error.message) from error


class _IdField(forms.Field):
    def to_python(self, value: Any) -> int | None:
        if value is None:
            return None
        text = str(value)
        if not (text.isascii() and text.isdigit()):
            raise ValidationError("An id is a string of digits.")
        # An id beyond the column's range, or with leading zeros, is well-formed, but no record has it.
        return read_id(text) or NO_ID


class _NumberField(forms.Field):
    def to_python(self, value: Any) -> int | None:
        if value is None:
            return None
        text = str(value)
        if not (text.isascii() and text.isdigit()):
            raise ValidationError("A sequence is a string of digits.")
        # Nothing is stored beyond the column's range.
        return min(int(text), MAX_ID) if len(text) <= 19 else MAX_ID


class _TimeField(forms.Field):
    def to_python(self, value: Any) -> ParsedMoment | None:
        if value is None:
            return None
        try:
            return parse_moment(str(value))
        except WalletError as error:
            raise ValidationError(error.message) from error


def _refuse_lone_surrogates(text: str) -> None:
    """Refuse lone surrogates: JSON can spell them, but they are not characters, and no driver sends them."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValidationError("This is not valid Unicode.")


class TextFilter(django_filters.CharFilter):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, max_length=255, validators=[_refuse_lone_surrogates], **kwargs)


class _OwnerField(forms.CharField):
    def to_python(self, value: Any) -> Any:
        # None is no filter, an empty text is that of nobody's.
        return None if value is None else super().to_python(value)


class OwnerFilter(TextFilter):
    field_class = _OwnerField

    def filter(self, qs: QuerySet[Model], value: str | None) -> QuerySet[Model]:
        return qs if value is None else qs.filter(**{str(self.field_name): value})


class AmountFilter(django_filters.Filter):
    field_class = _AmountField

    def filter(self, qs: QuerySet[Model], value: Decimal | None) -> QuerySet[Model]:
        return qs if value is None else qs.filter(compare(str(self.field_name), str(self.lookup_expr), value))


class IdFilter(django_filters.Filter):
    field_class = _IdField


class OwnIdFilter(IdFilter):
    """Selects by a related record, if that has the row's own owner: another's is as if it did not exist."""

    def filter(self, qs: QuerySet[Model], value: int | None) -> QuerySet[Model]:
        if value is None:
            return qs
        related: Any = qs.model._meta.get_field(str(self.field_name)).related_model
        own = related._default_manager.filter(id=value, owner=OuterRef("owner"))
        return qs.filter(Exists(own), **{str(self.field_name): value})


class NumberFilter(django_filters.Filter):
    field_class = _NumberField


class TimeFilter(django_filters.Filter):
    field_class = _TimeField

    def filter(self, qs: QuerySet[Model], value: ParsedMoment | None) -> QuerySet[Model]:
        return qs if value is None else qs.filter(compare_moment(str(self.field_name), str(self.lookup_expr), value))


class _FoldedFilter(TextFilter):
    """Contains the text in any of the columns in `field_name` (separated by `|`), ignoring case.

    Folds explicitly: the columns compare byte for byte on MySQL, and SQLite's LIKE folds ASCII only. The database
    folds both sides, because no two programs fold all of Unicode alike.
    """

    def filter(self, qs: QuerySet[Model], value: Any) -> QuerySet[Model]:
        if not value:
            return qs
        condition = Q()
        for column in str(self.field_name).split("|"):
            qs = qs.alias(**{f"folded_{column}": Lower(column)})
            condition |= Q(**{f"folded_{column}__contains": Lower(Value(value))})
        return qs.filter(condition)


_FILTERS: Mapping[type[Type], type[django_filters.Filter]] = {
    Name: TextFilter,
    Owner: OwnerFilter,
    Text: TextFilter,
    Currency: TextFilter,
    Amount: AmountFilter,
    Counter: NumberFilter,
    Moment: TimeFilter,
    OptionalMoment: TimeFilter,
}


def _declared(resource: Resource) -> Iterator[tuple[str, django_filters.Filter]]:
    """Yield the filters of a resource by name."""
    for field in resource.fields:
        for lookup in field.filters:
            name = field.name if lookup == "exact" else f"{field.name}.{lookup}"
            yield name, _filter(field, lookup)
    for relation in resource.to_one.values():
        if relation.filters:
            stored = RESOURCES[resource.name].to_one[relation.name].column
            # For callers bound to an owner, it may be read from something that is no column.
            kind = IdFilter if relation.column == stored else OwnIdFilter
            yield relation.name, kind(field_name=stored)
    if resource.search:
        yield "search", _FoldedFilter(field_name="|".join(resource.search))


def _filter(field: Field, lookup: str) -> django_filters.Filter:
    if lookup == "icontains":
        return _FoldedFilter(field_name=field.column)
    if isinstance(field.type, Choice):
        values = field.type.values
        refusal = {"invalid_choice": f"A {field.name} must be one of {', '.join(values)}."}
        choices = [(value, value) for value in values]
        return django_filters.ChoiceFilter(field_name=field.column, choices=choices, error_messages=refusal)
    return _FILTERS[type(field.type)](field_name=field.column, lookup_expr=lookup)


def _filter_set(resource: Resource) -> type[django_filters.FilterSet]:
    meta = type("Meta", (), {"model": resource.model, "fields": []})
    # Names such as `balance.gte` are not Python identifiers, so a call creates the class.
    members = {"Meta": meta, **dict(_declared(resource))}
    return type(f"{resource.name}FilterSet", (django_filters.FilterSet,), members)


FILTER_SETS: Mapping[str, type[django_filters.FilterSet]] = {
    name: _filter_set(resource) for name, resource in RESOURCES.items()
}
"""All filters, by resource."""
_FILTER_SETS_OF_OWNER = {name: _filter_set(resource) for name, resource in RESOURCES_OF_OWNER.items()}


def filter_queryset(
    resource: str, queryset: QuerySet[Model], filters: Iterable[tuple[str, str]], *, principal: Principal
) -> QuerySet[Model]:
    """Return the part of `queryset` that passes all of `filters`, pairs of a name and a text.

    Raises `InvalidParameter` for a filter that the caller does not know, or for an empty or invalid value.
    """
    filters = list(filters)
    if not filters:
        return queryset
    filter_sets = FILTER_SETS if principal.owner is None else _FILTER_SETS_OF_OWNER
    known = filter_sets[resource].base_filters
    data: dict[str, str] = {}
    for name, value in filters:
        parameter = f"filter.{name}"
        if name not in known:
            raise InvalidParameter(
                f"{resource} has no filter {name[:64]!r}. Its filters are {', '.join(known)}.", parameter=parameter
            )
        if name in data:
            raise InvalidParameter("The filter is given twice.", parameter=parameter)
        if value == "" and not isinstance(known[name], OwnerFilter):
            # django-filter would ignore the filter, and the caller would see everything.
            raise InvalidParameter("A filter needs a value.", parameter=parameter)
        data[name] = value
    # A `FilterSet` would copy all filters, and make a form of them, which takes twice as long as a page.
    for name, each in known.items():
        if name in data:
            try:
                value = each.field.clean(data[name])
            except ValidationError as error:
                raise InvalidParameter(error.messages[0], parameter=f"filter.{name}") from error
            queryset = each.filter(queryset, value)
    return queryset
