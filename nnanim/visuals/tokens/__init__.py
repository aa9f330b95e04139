"""Tokens: the pieces of text that a language model reads, and who looks at whom."""
