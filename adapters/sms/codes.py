"""Providers' own words for what became of a message, as they are kept."""

CODE_MAX = 64


def kept_code(said: str) -> str:
    """At most CODE_MAX characters; those that do not show, of which databases refuse some, are replaced."""
    return "".join(character if character.isprintable() else "?" for character in said[:CODE_MAX])
