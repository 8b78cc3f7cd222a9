"""What the server remembers: records and the journal of events, in a database."""
