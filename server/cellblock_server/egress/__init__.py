"""The way out of a sandbox, where an operator allows one: to named hosts, through a proxy."""
