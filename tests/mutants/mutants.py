"""The mutants of a module: its source with one thing changed in one function.

mutmut's operators make them (https://mutmut.readthedocs.io/), and three of ours: a call or a `raise` left out, a bare
condition negated, nothing returned. Texts for people are left alone: log lines, and texts that are
sentences.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation import mutators

_SENTENCE = re.compile(r"""["'][A-Z].* .*["']|.*[a-z] .*[.:] ?["']""")
_BARE = m.Name() | m.Attribute() | m.Call()


@dataclass(frozen=True)
class Mutant:
    """A function with one thing changed, on a line of the module. `code` is all that is needed to compile it."""

    name: str
    """Tells it from all others, whatever else changes in the module."""
    function: str
    line: int
    code: str


def make_mutants(path: Path, module: str) -> Iterator[Mutant]:
    """Yield all mutants of a source file, in its order."""
    wrapper = MetadataWrapper(cst.parse_module(path.read_text("utf-8")), unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    for names, function in _functions(wrapper.module.body, ()):
        original = wrapper.module.code_for_node(function)
        seen: Counter[str] = Counter()
        made = {original}
        for node, changed in _changes(function.body):
            code = wrapper.module.code_for_node(
                cst.ensure_type(function.deep_replace(node, changed), cst.FunctionDef)
            )
            if code not in made:
                made.add(code)
                difference = _difference(original.splitlines(), code.splitlines())
                seen[difference] += 1
                again = f" ({seen[difference]})" if seen[difference] > 1 else ""
                name = f"{module}.{'.'.join(names)}: {difference}{again}"
                yield Mutant(name, ".".join(names), positions[node].start.line, _wrap(code, names[:-1]))


def _functions(
    body: Iterable[cst.CSTNode], inside: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], cst.FunctionDef]]:
    """Yield all functions and methods with their names. Inner functions are parts of the outer one."""
    for each in body:
        if isinstance(each, cst.FunctionDef):
            yield (*inside, each.name.value), each
        elif isinstance(each, cst.ClassDef):
            yield from _functions(each.body.body, (*inside, each.name.value))


def _changes(node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """Yield a node inside of this one, and what may stand in its place."""
    if isinstance(node, cst.Annotation | cst.Decorator | cst.Parameters) or _is_for_people(node):
        return
    for changed in _replacements(node):
        yield node, changed
    for child in node.children:
        yield from _changes(child)


def _wrap(code: str, classes: Iterable[str]) -> str:
    """Return the function inside of its classes, where `super()` and names with two underscores mean what they do."""
    for name in reversed(tuple(classes)):
        code = f"class {name}:\n{textwrap.indent(code, '    ')}"
    return f"from __future__ import annotations\n{code}"


def _replacements(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in mutators.mutation_operators:
        if isinstance(node, kind):
            # Of a text that is not the same, one is enough.
            made = list(operator(node))[:1] if operator is mutators.operator_string else operator(node)
            yield from (each for each in made if _sentences(each) >= _sentences(node))
    if m.matches(node, m.Expr(m.Call()) | m.Raise()):
        yield cst.Pass()
    if isinstance(node, cst.If) and m.matches(node.test, _BARE):
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), node.test))
    if isinstance(node, cst.Return) and node.value is not None and not m.matches(node.value, m.Name("None")):
        yield node.with_changes(value=cst.Name("None"))


def _is_for_people(node: cst.CSTNode) -> bool:
    log = m.Call(func=m.Attribute(value=m.Name("logger")))
    if m.matches(node, log | m.Expr(log | m.SimpleString())):
        return True
    return isinstance(node, cst.SimpleString) and _SENTENCE.fullmatch(node.value) is not None


def _sentences(node: cst.CSTNode) -> int:
    """Return how many arguments of a call are for people, to leave them there."""
    return sum(_is_text(each.value) for each in node.args) if isinstance(node, cst.Call) else 0


def _is_text(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.FormattedString | cst.ConcatenatedString) or _is_for_people(node)


def _difference(before: list[str], after: list[str]) -> str:
    while before and after and before[0] == after[0]:
        del before[0], after[0]
    while before and after and before[-1] == after[-1]:
        del before[-1], after[-1]
    return " -> ".join(" ".join(line.strip() for line in lines) for lines in (before, after))
