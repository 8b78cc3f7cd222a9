"""The way out of a sandbox to hosts that the operator allows, through a proxy."""
