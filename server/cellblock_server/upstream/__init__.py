"""Private or undocumented interfaces of other packages that the server uses, all of them."""
