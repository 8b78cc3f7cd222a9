"""Egress of sandboxes to hosts that the operator allows, through a proxy."""
