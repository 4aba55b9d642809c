"""Content negotiation by media type, as JSON:API 1.1 prescribes (https://jsonapi.org/format/#content-negotiation)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rest_api.errors import Problem, Refused

MEDIA_TYPE = "application/vnd.api+json"
CURSOR_PROFILE = "http://jsonapi.org/profiles/ethanresnick/cursor-pagination/"
"""The URI of the cursor pagination profile."""

PROFILES = frozenset({CURSOR_PROFILE})
_PROFILE_SPELLINGS = {
    scheme + "://jsonapi.org/profiles/ethanresnick/cursor-pagination" + slash: CURSOR_PROFILE
    for scheme in ("http", "https")
    for slash in ("", "/")
}

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110, section 5.6.2
_PARAMETER = re.compile(rf'\s*;\s*(?:({_TOKEN})=({_TOKEN}|"(?:[^"\\]|\\.)*"))?')
_SEPARATOR = re.compile(r"[\s,]*,\s*")
_RANGE = re.compile(rf"\s*({_TOKEN}/{_TOKEN})")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type or range with its parameters; type and names in lower case."""

    name: str
    parameters: Mapping[str, str]

    @property
    def quality(self) -> float:
        """Return its weight in an Accept header."""
        try:
            return float(self.parameters.get("q", "1"))
        except ValueError:
            return 0.0

    @property
    def extensions(self) -> frozenset[str]:
        """Return the URIs of its `ext` parameter."""
        return frozenset(self.parameters.get("ext", "").split())

    @property
    def profiles(self) -> frozenset[str]:
        """Return the known URIs of its `profile` parameter; unknown ones must be ignored."""
        uris = self.parameters.get("profile", "").split()
        return frozenset(_PROFILE_SPELLINGS[uri] for uri in uris if uri in _PROFILE_SPELLINGS)


@dataclass(frozen=True, slots=True)
class Negotiated:
    """The extensions and profiles that client and server agreed on, as URIs."""

    extensions: frozenset[str] = frozenset()
    profiles: frozenset[str] = frozenset()


NOTHING_AGREED = Negotiated()
"""Plain JSON:API: no extension, no profile."""


def parse_media_types(header: str) -> Iterator[MediaType]:
    """Yield the media types of a Content-Type or Accept header, up to the first that is malformed."""
    position = 0
    while found := _RANGE.match(header, position):
        name, position = found[1].lower(), found.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(header, position):
            position = parameter.end()
            if parameter[1]:
                parameters[parameter[1].lower()] = _unquote(parameter[2])
        yield MediaType(name, parameters)
        separator = _SEPARATOR.match(header, position)
        if separator is None:
            return
        position = separator.end()


def _unquote(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def check_content_type(header: str, *, extensions: frozenset[str]) -> frozenset[str]:
    """Return the extensions that a request document uses.

    `extensions` are those of the URL. Raises `Refused` (415) for another media type, for any parameter except
    `ext` and `profile`, and for an extension that the URL does not support.
    """
    media_type = next(parse_media_types(header), None)
    if media_type is None or media_type.name != MEDIA_TYPE:
        raise _unsupported(f"The media type of a request document is {MEDIA_TYPE}.")
    if media_type.parameters.keys() - {"ext", "profile"}:
        raise _unsupported(f"{MEDIA_TYPE} takes no parameters except ext and profile.")
    if not media_type.extensions <= extensions:
        raise _unsupported("This URL does not support the extension.")
    return media_type.extensions


def choose_type(header: str | None, others: Iterable[str]) -> str:
    """Return the media type that the Accept header likes best: JSON:API, or one of `others` (RFC 9110, 12.5.1).

    JSON:API if it likes none, or several as much.
    """
    ranges = list(parse_media_types(header or "*/*"))
    qualities = {name: _quality(ranges, name) for name in (MEDIA_TYPE, *others)}
    return max(qualities, key=qualities.__getitem__)


def _quality(ranges: Iterable[MediaType], name: str) -> float:
    """Return the weight of the most specific range that a media type is in."""
    for pattern in (name, f"{name.partition('/')[0]}/*", "*/*"):
        weights = [each.quality for each in ranges if each.name == pattern]
        if weights:
            return max(weights)
    return 0.0


def choose(header: str | None, *, extensions: frozenset[str]) -> Negotiated:
    """Return the extensions and profiles that the Accept header asks for and this server supports.

    Raises `Refused` (406) if JSON:API is not acceptable, or if each instance of it has parameters other
    than `ext` and `profile` or names an extension that the URL does not support.
    """
    if header is None or not header.strip():
        return NOTHING_AGREED
    ranges = list(parse_media_types(header))
    usable = list(_usable(ranges, extensions))
    if usable:
        best = max(usable, key=_precedence)
        return Negotiated(best.extensions, best.profiles)
    others = [each for each in ranges if each.name in ("*/*", "application/*") and each.quality > 0]
    if others and not any(each.name == MEDIA_TYPE for each in ranges):
        return NOTHING_AGREED
    detail = f"This server answers with {MEDIA_TYPE}, without parameters except ext and profile."
    raise Refused(Problem(406, "not_acceptable", detail, header="Accept"))


def _precedence(accepted: MediaType) -> tuple[float, int]:
    """Order media ranges: the highest weight wins, then the most specific (RFC 9110, section 12.5.1)."""
    return accepted.quality, len(accepted.parameters.keys() - {"q"})


def _usable(ranges: Iterable[MediaType], extensions: frozenset[str]) -> Iterator[MediaType]:
    for each in ranges:
        others = each.parameters.keys() - {"ext", "profile", "q"}
        if each.name == MEDIA_TYPE and each.quality > 0 and not others and each.extensions <= extensions:
            yield each


def _unsupported(detail: str) -> Refused:
    return Refused(Problem(415, "unsupported_media_type", detail, header="Content-Type"))


def content_type(negotiated: Negotiated) -> str:
    """Return the Content-Type of a response with the applied extensions and profiles."""
    text = MEDIA_TYPE
    if negotiated.extensions:
        text += f'; ext="{" ".join(sorted(negotiated.extensions))}"'
    if negotiated.profiles:
        text += f'; profile="{" ".join(sorted(negotiated.profiles))}"'
    return text
