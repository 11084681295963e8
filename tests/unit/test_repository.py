"""The rules of the house that no linter knows."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from itertools import chain
from pathlib import Path

from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]

# Composed from halves, so that this file does not contain what it forbids.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:wo" + r"rk|ho" + r"me|ro" + r"ot|tm" + r"p|Us" + r"ers)/\w")
REGISTRY_HOST = re.compile(
    r"(?:py" + r"pi|python" + r"hosted|registry\.npm" + r"js|proxy\.gol" + r"ang|crat" + r"es)\.(?:org|io)\b"
)
SKIPPED = re.compile(r"\bpytest\.(?:mark\.)?(?:skip|skipif|xfail|importorskip)\b")

FUNCTION_LINES_MAX = 50
FUNCTION_LINES_USUAL = 30
FILE_LINES_MAX = 400


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    assert list(_places(MACHINE_PATH)) == []


def test_no_file_names_the_host_of_a_package_registry() -> None:
    assert list(_places(REGISTRY_HOST)) == []


def test_no_file_announces_unfinished_work() -> None:
    assert list(_places(UNFINISHED)) == []


def test_the_search_finds_what_it_forbids() -> None:
    assert MACHINE_PATH.search("see /wo" + "rk/main") is not None
    assert REGISTRY_HOST.search("https://files.python" + "hosted.org/x") is not None
    assert UNFINISHED.search("# TO" + "DO: all of it") is not None


def test_only_the_missing_database_server_may_skip_a_test() -> None:
    skipping = {place.partition(":")[0] for place in _places(SKIPPED) if place.startswith("tests/")}
    assert skipping == {"tests/postgres.py"}


def test_no_function_is_longer_than_fifty_lines() -> None:
    too_long = [place for place, lines in _functions() if lines > FUNCTION_LINES_MAX]
    assert too_long == []


def test_nine_in_ten_functions_are_under_thirty_lines() -> None:
    lengths = [lines for _, lines in _functions()]
    assert sum(lines < FUNCTION_LINES_USUAL for lines in lengths) >= 0.9 * len(lengths)


def test_no_source_file_reaches_four_hundred_lines() -> None:
    too_long = [_name(path) for path in _sources() if len(_text(path).splitlines()) >= FILE_LINES_MAX]
    assert too_long == []


def test_the_command_line_starts_without_the_frameworks() -> None:
    script = "import sys, app.cli; print(*sys.modules, sep='\\n')"
    command = [sys.executable, "-c", script]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(answer.stdout.split()) & {"fastapi", "sqlalchemy", "pydantic"} == set()


def test_readme_names_every_setting() -> None:
    named = set(re.findall(r"\bAWIZO_[A-Z0-9_]+", _text(ROOT / "README.md")))
    assert _settings() - named == set()


def test_readme_names_no_variable_that_nothing_reads() -> None:
    named = set(re.findall(r"\bAWIZO_[A-Z0-9_]+", _text(ROOT / "README.md")))
    readers = [path for path in _files() if path.suffix == ".py" and "tests/unit" not in _name(path)]
    read = set(chain.from_iterable(re.findall(r"\bAWIZO_[A-Z0-9_]+", _text(path)) for path in readers))
    assert named - read - _settings() == set()


def test_every_file_of_the_product_is_packed_with_it() -> None:
    project = tomllib.loads(_text(ROOT / "pyproject.toml"))
    patterns = ["*.py", *project["tool"]["setuptools"]["package-data"]["*"]]
    packed = [path for path in _files() if _name(path).startswith(("app/", "adapters/", "migrations/"))]
    left_out = [_name(path) for path in packed if not any(fnmatch(path.name, pattern) for pattern in patterns)]
    assert left_out == []


def test_every_requirement_is_pinned_by_hash() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^ *#.*\n", "", _text(path), flags=re.MULTILINE))
        loose = [entry.split()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]
        assert loose == [], path.name


def test_every_declared_dependency_is_pinned_for_the_running_service() -> None:
    project = tomllib.loads(_text(ROOT / "pyproject.toml"))["project"]
    declared = {re.split(r"[\[<>=!~; ]", need)[0].lower() for need in project["dependencies"]}
    pinned = set(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==", _text(_runtime()), flags=re.MULTILINE))
    assert declared - pinned == set()


def _runtime() -> Path:
    return ROOT / "requirements" / "runtime.txt"


def _settings() -> set[str]:
    prefix = Settings.model_config["env_prefix"]
    return {f"{prefix}{field}".upper() for field in Settings.model_fields}


def _places(pattern: re.Pattern[str]) -> Iterator[str]:
    """`file:line` of each match, in every file that is text."""
    for path in _files():
        for number, line in enumerate(_text(path).splitlines(), start=1):
            if pattern.search(line):
                yield f"{_name(path)}:{number}"


def _functions() -> Iterator[tuple[str, int]]:
    """`file:line` and length in lines of each function of the product."""
    for path in _sources():
        for node in ast.walk(ast.parse(_text(path))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{_name(path)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1


def _sources() -> list[Path]:
    return [path for path in _files() if path.suffix == ".py" and _name(path).startswith(("app/", "adapters/"))]


@cache
def _files() -> tuple[Path, ...]:
    """Every file that is or could be committed: all but what .gitignore names. Needs no git to be installed."""
    ignored = [line.rstrip("/") for line in _text(ROOT / ".gitignore").splitlines() if line]
    return tuple(sorted(_walk(ROOT, [".git", *ignored])))


def _walk(directory: Path, ignored: list[str]) -> Iterator[Path]:
    for path in directory.iterdir():
        if any(fnmatch(path.name, pattern) for pattern in ignored):
            continue
        if path.is_dir():
            yield from _walk(path, ignored)
        else:
            yield path


@cache
def _text(path: Path) -> str:
    """The file's text; the empty string when it is no UTF-8, such as a font."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
