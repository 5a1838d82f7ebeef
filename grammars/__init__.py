"""The grammar of the language, as text."""
