"""What the compiler says to people: diagnostics as data, their codes, and their rendering."""
