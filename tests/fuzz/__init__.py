"""Requests made up from the description of the API, many thousands of them: a program, run by `make fuzz`."""
