"""One verb a file. Use cases know the rules, the storage and the ports, and nothing of HTTP, SQL or SDKs."""
