"""Programs of the kind that models write, with their right results."""
