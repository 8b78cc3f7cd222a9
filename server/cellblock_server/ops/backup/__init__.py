"""The program behind `cellblock backup` and `restore`: copies a state folder."""
