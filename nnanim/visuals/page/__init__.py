"""The page: theme, frame, type, formulas, tables, and how things arrive on it."""
