"""Stand-ins for the network's other side. They keep their own journals, which the code under test does not write."""
