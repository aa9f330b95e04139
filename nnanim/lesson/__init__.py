"""How a lesson is told: the stage, its words, its claims and its ledger."""
