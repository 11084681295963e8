"""Run with the interpreter that has pymerkle: reads entry bundles (c2sp.org/tlog-tiles) from standard input.

Prints the root hash, in hex, of the first N entries for each N given, one a line.
"""

import sys

from pymerkle import InmemoryTree


def main() -> None:
    tree = InmemoryTree(algorithm="sha256")
    data = sys.stdin.buffer.read()
    while data:
        end = 2 + int.from_bytes(data[:2], "big")
        tree.append_entry(data[2:end])
        data = data[end:]
    for size in map(int, sys.argv[1:]):
        sys.stdout.write(tree.get_root(size).hex() + "\n")


main()
