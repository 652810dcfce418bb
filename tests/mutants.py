"""Changes one thing of a source at a time, and counts which changes its tests notice.

`python -m tests.mutants ki2api/kiro/framing.py tests/ki2api/kiro/test_framing.py` works on a copy of
the tree, prints each change that nobody noticed, and the score. What survives is to be looked at: a
test is missing, or the change means the same.
"""

import ast
import copy
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TypeAlias

ROOT = Path(__file__).parents[1]
SECONDS = 60.0
"""The least that one run of the tests may take; a change that makes them hang is noticed."""
LONGEST = 600.0
"""Seconds that they may take without a change."""
SLOWER = 10
"""Times as long as without a change a run may take: a busy machine notices nothing."""
Change: TypeAlias = Callable[[], str]
"""Changes the tree in place, and says how."""
OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Break: ast.Continue,
    ast.Continue: ast.Break,
}  # fmt: skip - pairs read best as a block


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the change and the text of each changed source."""
    for number in range(len(list(_changes(ast.parse(source))))):
        tree = ast.parse(source)
        line, change = list(_changes(tree))[number]
        before = copy.deepcopy(tree)
        what = change()
        if ast.dump(before) != ast.dump(tree):
            yield line, what, ast.unparse(tree)


def _changes(tree: ast.AST) -> Iterator[tuple[int, Change]]:
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            if field in {"annotation", "returns", "decorator_list"}:
                continue
            for holder, key, child in _children(node, field, value):
                line = getattr(child, "lineno", getattr(node, "lineno", 0))
                yield from ((line, change) for change in _changes_of(holder, key, child))


def _children(
    node: ast.AST, field: str, value: object
) -> Iterator[tuple[list[ast.AST] | ast.AST, int | str, ast.AST]]:
    if isinstance(value, list):
        yield from ((value, at, each) for at, each in enumerate(value) if isinstance(each, ast.AST))
    elif isinstance(value, ast.AST):
        yield node, field, value


def _changes_of(
    holder: list[ast.AST] | ast.AST, key: int | str, child: ast.AST
) -> Iterator[Change]:
    def put(new: ast.AST) -> Change:
        def change() -> str:
            if isinstance(holder, list):
                holder[int(key)] = new
            else:
                setattr(holder, str(key), new)
            return f"{_shown(child)} -> {_shown(new)}"

        return change

    if other := OTHER.get(type(child)):
        yield put(other())
    match child:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield put(operand)
        case ast.Constant(value=bool(truth)):
            yield put(ast.Constant(not truth))
        case ast.Constant(value=int(number)):
            yield put(ast.Constant(number + 1))
        case ast.Return(value=ast.expr()):
            yield put(ast.Return(ast.Constant(None)))
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.AugAssign():
            yield put(ast.Pass())
        case _:
            pass


def _shown(node: ast.AST) -> str:
    text = ast.unparse(node) if isinstance(node, ast.expr | ast.stmt) else type(node).__name__
    return text.splitlines()[0][:60]


def noticed(folder: Path, tests: list[str], seconds: float = SECONDS) -> bool:
    """Tell whether the tests fail in a copy of the tree, be it by never ending."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    here = {**os.environ, "PYTHONPATH": str(folder)}  # also for the servers that tests start
    try:
        ran = subprocess.run(
            command, cwd=folder, env=here, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    return ran.returncode != 0


def main() -> None:
    """Take the source and its tests from the command line."""
    source, *tests = sys.argv[1:]
    text = (ROOT / source).read_text()
    found = list(mutants(text))
    killed = 0
    with TemporaryDirectory() as place:
        folder = Path(place)
        for name in ("ki2api", "pipeline", "tests"):
            shutil.copytree(ROOT / name, folder / name)
        shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
        began = monotonic()
        if noticed(folder, tests, LONGEST):
            sys.exit("the tests fail without any change")
        seconds = max(SECONDS, SLOWER * (monotonic() - began))
        for line, what, changed in found:
            (folder / source).write_text(changed)
            if noticed(folder, tests, seconds):
                killed += 1
            else:
                sys.stdout.write(f"{source}:{line}: survived: {what}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{source}: {killed} of {len(found)} noticed, {killed / len(found):.0%}\n")


if __name__ == "__main__":
    main()
