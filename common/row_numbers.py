"""How a row's number is written in an address of the API."""

#: Plain digits, no more than the database holds: Python would also read ٣ as 3.
ROW_NUMBER = "[0-9]{1,18}"
