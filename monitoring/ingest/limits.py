"""What one request, span and value may hold; longer values are cut, never refused."""

MAX_SPANS = 5_000
# Attributes that are kept as they are; conversations taken apart into attributes have many more pieces.
MAX_ATTRIBUTES = 256
MAX_PIECES = 10_000
# Objects and lists of a whole request.
MAX_NODES = 500_000
MAX_EVENTS = 128
MAX_LINKS = 128
MAX_KEY_BYTES = 255
MAX_PAYLOAD_CHARS = 1024 * 1024
MAX_VALUE_CHARS = 8 * 1024
MAX_INDEXED_CHARS = 255
MAX_DEPTH = 64
PREVIEW_CHARS = 160
INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)
INT32_MAX = 2**31 - 1
