"""A witness that anyone can run beside somebody else's log (c2sp.org/tlog-witness).

It remembers the newest checkpoint of each log that it watches, cosigns a newer one only after the log has proven that
the old is its beginning, and keeps what a log signed against that.
"""
