"""Facts as bytes, proof bundles, and their verification; pure functions over values, no I/O.

`catalogue` says which facts exist, `fact` encodes them, `bundle` assembles what a person takes away, and `verifier`
checks it with nothing but the standard library, `cryptography` and `rfc8785`.
"""
