"""What the project publishes beside the wheel. Nothing here is in the wheel."""
