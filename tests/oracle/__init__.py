"""Documents without number, answered by the server and by an oracle that shares none of its code."""
