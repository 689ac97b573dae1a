"""Constants of a target's timing, fitted to measurements."""
