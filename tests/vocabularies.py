"""The operators' own codes, as they come with awizo."""

from importlib.resources import files

from app.domain.vocabulary import read_vocabularies

BUILT_IN = read_vocabularies(
    {
        file.name.removesuffix(".csv"): file.read_bytes()
        for file in files("app.domain.vocabularies").iterdir()
        if file.name.endswith(".csv")
    }
)
