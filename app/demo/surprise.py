"""What the demonstration does when something does not happen as it is told."""


class Surprise(Exception):  # noqa: N818 – the demonstration's own word
    """One sentence: what was expected, and what came instead."""


def expect(holds: object, sentence: str) -> None:
    """Raise Surprise with `sentence` unless `holds`."""
    if not holds:
        raise Surprise(sentence)
