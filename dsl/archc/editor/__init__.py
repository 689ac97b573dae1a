"""What editors ask of a spec, as plain data: nothing here talks to an editor or touches files."""
