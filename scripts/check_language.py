"""Check the language of docstrings, comments, messages and documents.

    python scripts/check_language.py [FILE…]

Prints each finding. Uses the standard library only.
"""

import argparse
import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUFFIXES = (".md", ".proto", ".py")
EXCLUDED = (
    "proto/python/", "tests/samples/", "tests/corpus/programs/", "scripts/check_language.py",
)  # fmt: skip
"""Generated code, samples, programs of models, and this file, which has all the words."""

WORDS = {
    r"told|tells? of": "report, return, log or raise",
    r"nobody|somebody|whoever": "name the actor: no caller, the user, a process",
    r"of (?:ours|theirs|yours)": "our, their, your",
    r"(?:another one|another|nobody|somebody)'s": "name the owner",
    r"by way of": "through",
    r"anew": "again",
    r"comes? apart": "is split",
    r"lets? go of": "release",
    r"behind our backs?": "outside Cellblock",
    r"for want of": "without",
    r"hand(?:s|ed|ing)? on": "forward",
    r"held against": "verified against",
    r"time is over": "expired",
    r"lies? in": "is in",
    r"look(?:s|ed|ing)? after": "manage",
    r"must not need": "must not require",
    r"none answers": "no server responds",
    r"of strangers": "untrusted",
    r"stands? in for": "replace",
    r"put(?:s|ting)? back": "restore",
    r"time-outs?": "timeout",
    r"ways? out": "egress, or what to do",
    r"mend(?:s|ed|ing)?": "fix",
    r"pictures?": "image",
    r"at once": "immediately, or at the same time",
    r"back[- ]ends?": "backend, or application",
}
"""Patterns of words that are not used, with what to write instead."""
WORD = re.compile(
    "|".join(rf"(?P<w{number}>\b(?:{word})\b)" for number, word in enumerate(WORDS)),
    re.IGNORECASE,
)
INSTEAD = list(WORDS.values())
OPENING = re.compile(
    r"(?:What|How|Who|Whom|Whose|Whoever|Which|Where|When|Of|As|It|Its|They|Their|There)\b[^?]*$"
)
"""First line of a docstring that is neither a statement with a verb nor a noun phrase."""
CODE = re.compile(r"```.*?```|~~~.*?~~~|`[^`\n]*`|<!--.*?-->|\]\([^)]*\)", re.DOTALL)
"""Parts of a document that are no prose."""


@dataclass(frozen=True)
class Finding:
    """One violation."""

    path: str
    line: int
    problem: str

    def __str__(self) -> str:
        """Return the finding as a compiler's message."""
        return f"{self.path}:{self.line}: {self.problem}"


def main(arguments: list[str]) -> int:
    """Check files, and return the exit code."""
    parser = argparse.ArgumentParser(prog="check_language.py")
    parser.add_argument("files", nargs="*", metavar="FILE")
    parsed = parser.parse_args(arguments)
    paths = parsed.files or checked_files()
    findings = [finding for path in paths for finding in findings_in(path)]
    print("\n".join(map(str, findings)))
    return 1 if findings else 0


def checked_files() -> list[str]:
    """Return the files of the repository that are checked, relative to its root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [
        path
        for path in sorted(listed.splitlines())
        if path.endswith(SUFFIXES) and not path.startswith(EXCLUDED) and (ROOT / path).is_file()
    ]


def findings_in(path: str) -> Iterator[Finding]:
    """Yield the findings in one file."""
    text = (ROOT / path).read_text()
    if path.endswith(".py"):
        yield from python_findings(path, text)
    elif path.endswith(".proto"):
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip().startswith("//"):
                yield from word_findings(path, number, line)
    else:
        prose = CODE.sub(lambda match: "\n" * match[0].count("\n"), text)
        for number, line in enumerate(prose.splitlines(), 1):
            yield from word_findings(path, number, line)


def python_findings(path: str, text: str) -> Iterator[Finding]:
    """Yield the findings in docstrings, comments, messages and names of tests."""
    is_test = path.startswith("tests/")
    tree = ast.parse(text)
    docstrings = {
        id(node.value): node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
    for constant in docstrings.values():
        lines = str(constant.value).strip().splitlines()
        if lines and OPENING.match(lines[0]):
            problem = f"docstring begins with {lines[0].split()[0]!r}: use a verb or a noun phrase"
            yield Finding(path, constant.lineno, problem)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            is_message = " " in node.value and not is_test
            if id(node) in docstrings or is_message:
                yield from word_findings(path, node.lineno, " ".join(node.value.split()))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_test:
            yield from word_findings(path, node.lineno, node.name.replace("_", " "))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield from word_findings(path, token.start[0], token.string)


def word_findings(path: str, line: int, text: str) -> Iterator[Finding]:
    """Yield the words in a text that are not used."""
    for match in WORD.finditer(text):
        instead = INSTEAD[int(str(match.lastgroup)[1:])]
        yield Finding(path, line, f"{match[0]!r}: {instead}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
