"""What the forking process imports once: its children find the product ready, and collect no garbage of it."""

import gc
import importlib

from tests.faults import product

__all__ = ["product"]

product.load()
for _name in ("aiosqlite", "asyncpg", "sqlalchemy.dialects.sqlite.aiosqlite", "sqlalchemy.dialects.postgresql.asyncpg"):
    importlib.import_module(_name)  # what the product loads by name, once it knows its database
gc.collect()
gc.freeze()
