"""`cellblock repl`: an interactive Python prompt in a session."""
