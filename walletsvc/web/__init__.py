"""What both faces share over HTTP; the domain does not know it."""
