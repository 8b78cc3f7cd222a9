"""What a tenant may use: bounds of the operator's, and what counts against them."""
