"""Reads the syntax tree of code that shall work on single numbers, and lists what does not."""

import ast
from collections.abc import Iterator

ARRAY = "Array"
"""The annotation of an array parameter."""
ONE_DIMENSION = {"b", "db"}
"""Arrays that one index leads to a number of; all others need four."""
CHECKS = {"conv_output_shape", "pool_output_shape", "require_output"}
"""Imported functions that look at shapes and compute nothing."""
OF_NUMBERS = {"range", "float", "np.zeros"}
"""What else may be called, on numbers."""
MODULES = {"numpy", "fastcnn.models.naive_shapes"}
ALLOWED = (
    *(ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Expr, ast.Assign, ast.AugAssign),
    *(ast.For, ast.If, ast.IfExp, ast.BoolOp, ast.And, ast.Or, ast.Compare, ast.BinOp),
    *(ast.Add, ast.Sub, ast.Mult, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Is),
    *(ast.Name, ast.Constant, ast.Subscript, ast.Tuple, ast.Attribute, ast.Call),
    *(ast.Load, ast.Store),
)
"""Loops, choices and school arithmetic: no slice, no comprehension, no matrix product, no minus
sign before a whole array."""


def array_operations(source: str) -> list[str]:
    """Return a line for everything in `source` that could work on more than one number."""
    tree = ast.parse(source)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    scalar = {name for name, node in functions.items() if not _names_array(node.returns)}
    found = [problem for node in tree.body for problem in _of_module(node)]
    for function in functions.values():
        found += _of_function(function, scalar | CHECKS)
    return found


def _of_module(node: ast.stmt) -> Iterator[str]:
    """At the top: imports, functions and the docstring."""
    if isinstance(node, ast.Import):
        yield from (f"import {one.name}" for one in node.names if one.name not in MODULES)
    elif isinstance(node, ast.ImportFrom):
        yield from [f"import from {node.module}"] if node.module not in MODULES else []
    elif not isinstance(node, ast.FunctionDef):
        if not _is_text(node):
            yield f"at the top: {ast.unparse(node)}"


def _of_function(function: ast.FunctionDef, callable_names: set[str]) -> Iterator[str]:
    arrays = {arg.arg for arg in function.args.args if _names_array(arg.annotation)}
    arrays |= {name for node in ast.walk(function) for name in _made_by_zeros(node)}
    returns = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    returned = [value for value in returns if isinstance(value, ast.Tuple)]
    for node in _without_annotations(function):
        if not isinstance(node, ALLOWED):
            yield f"line {getattr(node, 'lineno', '?')}: {type(node).__name__}"
        elif isinstance(node, ast.Call) and not _may_be_called(node.func, callable_names):
            yield f"line {node.lineno}: call of {ast.unparse(node.func)}"
        elif isinstance(node, ast.For) and not ast.unparse(node.iter).startswith("range("):
            yield f"line {node.lineno}: loop over {ast.unparse(node.iter)}"
        elif isinstance(node, ast.Attribute) and ast.unparse(node) != "np.zeros":
            if node.attr != "shape":
                yield f"line {node.lineno}: {ast.unparse(node)}"
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.Name) or child.id not in arrays or node in returned:
                continue
            if not _as_number(child, node):
                yield f"line {child.lineno}: the array {child.id} in {ast.unparse(node)}"


def _as_number(array: ast.Name, parent: ast.AST) -> bool:
    """Whether an array's name stands where it leads to one number, or is only handed on."""
    if isinstance(parent, ast.Subscript):
        n_indices = 1 if array.id in ONE_DIMENSION else 4
        indices = parent.slice.elts if isinstance(parent.slice, ast.Tuple) else [parent.slice]
        single = all(isinstance(index, ast.Name | ast.BinOp) for index in indices)
        return parent.value is array and single and len(indices) == n_indices
    if isinstance(parent, ast.Call):  # what it calls is looked at by itself
        return ast.unparse(parent.func) not in OF_NUMBERS
    if isinstance(parent, ast.Return | ast.Attribute):
        return True
    return isinstance(array.ctx, ast.Store) and isinstance(parent, ast.Assign | ast.Tuple)


def _may_be_called(function: ast.expr, names: set[str]) -> bool:
    return ast.unparse(function) in names | OF_NUMBERS


def _made_by_zeros(node: ast.AST) -> Iterator[str]:
    """The names that an assignment gives to new arrays."""
    if isinstance(node, ast.Assign) and "np.zeros" in ast.unparse(node.value):
        yield from (part.id for part in ast.walk(node.targets[0]) if isinstance(part, ast.Name))


def _without_annotations(function: ast.FunctionDef) -> Iterator[ast.AST]:
    for statement in function.body:
        yield from ast.walk(statement)


def _names_array(annotation: ast.expr | None) -> bool:
    return annotation is not None and ARRAY in ast.unparse(annotation)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
