"""What an HTML document is made of, told apart from what it says."""

from html.parser import HTMLParser

VOID = frozenset({"meta"})


class Markup(HTMLParser):
    """Collects tags with their attributes, the visible words, and the tags left open."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "title"} & set(self.open):
            self.words.append(data)

    @property
    def links(self) -> list[str | None]:
        """The target of each link."""
        return [dict(attributes)["href"] for tag, attributes in self.tags if tag == "a"]

    @property
    def visible(self) -> str:
        """All words, white space collapsed."""
        return " ".join(" ".join(self.words).split())
