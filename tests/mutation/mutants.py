# SPDX-License-Identifier: GPL-2.0-only
"""Small changes of the machine's functions, one at a time: what tests ought to notice."""

import ast
import copy
import importlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from zswapsim.engine.simulated import SIMULATED

ROOT = Path(__file__).parents[2]

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


class Mutant(NamedTuple):
    """One change. file: below the root; number: among those of its function; what: in words,

    with #2 for the second of the same words in a function, and so on.
    """

    file: str
    function: str
    number: int
    line: int
    what: str

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line} {self.function} {self.what}"


class _Mutator(ast.NodeTransformer):
    """Visits the places of a function in order, and changes number `wanted`."""

    def __init__(self, wanted: int = -1) -> None:
        self.wanted = wanted
        self.found: list[tuple[int, str]] = []

    def _take(self, line: int, what: str) -> bool:
        self.found.append((line, what))
        return len(self.found) - 1 == self.wanted

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        for at, operator in enumerate(node.ops):
            other = COMPARISONS.get(type(operator))
            before = ast.unparse(node)
            if other is not None:
                changed = copy.deepcopy(node)
                changed.ops[at] = other()
                if self._take(node.lineno, f"{before} -> {ast.unparse(changed)}"):
                    return changed
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        changed = copy.deepcopy(node)
        changed.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        told = f"{ast.unparse(node)} -> {ast.unparse(changed)}"
        return changed if self._take(node.lineno, told) else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        changed = copy.deepcopy(node)
        if type(node.op) in OPERATORS:
            changed.op = OPERATORS[type(node.op)]()
            if self._take(node.lineno, f"{ast.unparse(node)} -> {ast.unparse(changed)}"):
                return changed
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        told = f"{ast.unparse(node)} -> {ast.unparse(node.operand)}"
        return node.operand if self._take(node.lineno, told) else node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, bool):
            told = f"{node.value} -> {not node.value}"
            if self._take(node.lineno, told):
                return ast.copy_location(ast.Constant(not node.value), node)
        elif isinstance(node.value, int):
            for by in (1, -1):
                if self._take(node.lineno, f"{node.value} -> {node.value + by}"):
                    return ast.copy_location(ast.Constant(node.value + by), node)
        return node

    def _drop(self, node: ast.stmt) -> ast.AST:
        self.generic_visit(node)
        if self._take(node.lineno, f"drop {ast.unparse(node)}"):
            return ast.copy_location(ast.Pass(), node)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        return self._drop(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        call = node.value
        if not isinstance(call, ast.Call):
            return node  # a docstring
        if isinstance(call.func, ast.Name) and call.func.id.startswith("trace_"):
            return node  # tells listeners only, see tests/unit/test_tracepoints.py
        return self._drop(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if isinstance(node.targets[0], ast.Subscript):
            return self._drop(node)
        self.generic_visit(node)
        return node

    def visit_Break(self, node: ast.Break) -> ast.AST:
        return self._drop(node)


def _body(tree: ast.FunctionDef, mutator: _Mutator) -> ast.FunctionDef:
    """Return a function whose body, not its signature, went through the mutator."""
    changed = copy.deepcopy(tree)
    changed.body = [mutator.visit(statement) for statement in changed.body]
    return changed


def _functions(file: str) -> Iterator[tuple[ast.FunctionDef, Callable[..., Any]]]:
    """Yield the functions of a file that are run by a machine: simulated, or an entry loop."""
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    own = set(SIMULATED)
    for node in ast.parse((ROOT / file).read_text()).body:
        if isinstance(node, ast.FunctionDef):
            function = getattr(module, node.name)
            if node.name.startswith("run_") or function in own:
                yield node, function


def mutants(file: str) -> list[Mutant]:
    """Return all mutants of a file, in order."""
    found = []
    for tree, function in _functions(file):
        mutator = _Mutator()
        _body(tree, mutator)
        times: Counter[str] = Counter()
        for number, (line, what) in enumerate(mutator.found):
            times[what] += 1
            told = what if times[what] == 1 else f"{what} #{times[what]}"
            found.append(Mutant(file, function.__name__, number, line, told))
    return found


def _compiled(file: str, function: ast.FunctionDef) -> CodeType:
    """Return the code of a changed function."""
    function.decorator_list = []
    module = ast.fix_missing_locations(ast.Module([function], []))
    code = compile(module, str(ROOT / file), "exec")
    return [part for part in code.co_consts if isinstance(part, CodeType)][-1]


def put_in(mutant: Mutant) -> None:
    """Change the function in this process, for all who have imported it."""
    for tree, function in _functions(mutant.file):
        if function.__name__ == mutant.function:
            function.__code__ = _compiled(mutant.file, _body(tree, _Mutator(mutant.number)))
            return
    raise LookupError(mutant.name)


@contextmanager
def watched(files: Iterable[str]) -> Iterator[set[tuple[str, str]]]:
    """Give the set into which the functions of files put themselves, (file, name), when called."""
    called: set[tuple[str, str]] = set()
    before: list[tuple[Any, CodeType]] = []
    for file in files:
        for tree, function in _functions(file):
            name = (file, function.__name__)
            note = ast.parse(f"_called_for_mutants.add({name!r})").body[0]
            tree.body.insert(0, note)
            function.__globals__["_called_for_mutants"] = called
            before.append((function, function.__code__))
            function.__code__ = _compiled(file, tree)
    yield called
    for function, code in before:
        function.__code__ = code
