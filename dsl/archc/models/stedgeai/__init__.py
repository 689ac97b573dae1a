"""ST Edge AI Core: run its analysis where it is installed, read its reports, and compare."""
