"""Design spaces: the exact figures of every variant of a spec, without compiling each."""
