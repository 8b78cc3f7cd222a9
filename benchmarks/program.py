"""Code for a kernel as a program for an interpreter."""

import ast


def program(code: str) -> str:
    """Return code that also prints its value if it is an expression, as a kernel shows it."""
    try:
        ast.parse(code, mode="eval")
    except SyntaxError:
        return code
    return f"print({code})"
