"""Column sizes that several tables share."""

MAX_CURRENCY_LENGTH = 16
MAX_TEXT_LENGTH = 255
MAX_DESCRIPTION_LENGTH = 1000
