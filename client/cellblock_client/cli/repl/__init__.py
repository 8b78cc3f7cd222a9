"""`cellblock repl`: code that is typed, and what it shows."""
