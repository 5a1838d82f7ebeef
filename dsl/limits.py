"""How much of everything a file may hold, so that no text can exhaust the machine."""

MAX_BYTES = 1 << 20
MAX_ERRORS = 20
MAX_BLOCKS = 20
MAX_NESTING = 100
MAX_ITEMS = 300
MAX_NAME = 200
MAX_SHOWN = 100
