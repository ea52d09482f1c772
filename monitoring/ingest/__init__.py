"""From the bytes an application sends to committed rows: decode, clean, map, store."""
