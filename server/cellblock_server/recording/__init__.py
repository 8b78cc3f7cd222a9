"""Recording checks and bounds what an agent says, and hands it to the journal."""
