from tests.integration.command import awizo

__all__ = ["awizo"]  # a fixture of every test here
