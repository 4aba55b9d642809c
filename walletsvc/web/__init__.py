"""What both faces share over HTTP, and the domain knows nothing of."""
