"""Networks: neurons, and the weights between them."""
