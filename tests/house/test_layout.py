"""The shape of the house: where no module may stand, how long it may be, what it may be called."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for folder in ("operator", "trainer-image", "tests") for path in (ROOT / folder).rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION = 250, 40
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}


def test_operator_is_no_package() -> None:
    """A package called operator would hide Python's own, and nothing would start from the root of the checkout."""
    assert not (ROOT / "operator" / "__init__.py").exists()


def test_a_module_can_be_read_at_one_sitting() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES}
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_a_module_is_called_after_what_it_holds() -> None:
    assert [path for path in MODULES if path.stem in NAMES_THAT_SAY_NOTHING] == []


def test_a_function_can_be_read_at_a_glance() -> None:
    lengths = {f"{path.relative_to(ROOT)}: {name}": length for path in MODULES for name, length in functions(path)}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and length of every function of a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or 0) - node.lineno + 1


def test_every_reason_is_explained() -> None:
    """Each member is followed by a string that ends as a sentence does."""
    tree = ast.parse((ROOT / "operator" / "retrain_operator" / "model" / "reason.py").read_text())
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Reason")
    for member, told in zip(body[1::2], body[2::2], strict=True):
        assert isinstance(member, ast.Assign)
        assert isinstance(told, ast.Expr)
        assert isinstance(told.value, ast.Constant)
        assert str(told.value.value).endswith("."), ast.unparse(member)
