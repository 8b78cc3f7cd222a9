"""The program behind `cellblock doctor`: checks whether a server can run here."""
