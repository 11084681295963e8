"""The vocabularies that come with the program: one table for each operator or standard, `<vocabulary>.csv`."""

from importlib.resources import files

SUFFIX = ".csv"
TABLE_BYTES_MAX = 4 * 2**20


def built_in() -> dict[str, bytes]:
    """The bytes of each table by the name of its vocabulary."""
    tables = [each for each in files(__package__).iterdir() if each.name.endswith(SUFFIX)]
    return {each.name.removesuffix(SUFFIX): each.read_bytes() for each in tables}
