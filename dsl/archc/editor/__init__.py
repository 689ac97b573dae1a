"""What editors ask of specs, as plain data (`archc.editor.desk`): nothing talks to one here."""
