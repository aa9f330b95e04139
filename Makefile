# make demo renders the first chapter, make test checks everything; each first sets up what is missing (scripts/setup).

.PHONY: help setup demo test lint audit approve bench record gallery clean
MAKEFLAGS += --no-print-directory
BIN := .venv/bin

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{ printf "  %-12s %s\n", $$1, $$2 }'

setup: ## install what rendering needs: system libraries, .venv, Python packages
	@scripts/setup

demo: setup ## render forward propagation (720p, 30 fps); the last line is the video's path
	@$(BIN)/nnanim render forward-propagation --quality 720p --fps 30 --out media

test: lint ## lint, types, import rules, tests, then the audit of every chapter in its default look
	@$(BIN)/python -m pytest -n auto
	@$(BIN)/nnanim audit --all

lint: dev ## ruff, mypy, import rules
	@$(BIN)/ruff check nnanim scenes scripts tests
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports --no-logo

audit: dev ## judge all of every chapter: both themes, four aspects, all extremes, traces computed again, reference pictures
	@NNANIM_ALL_PICTURES=1 $(BIN)/python -m pytest -n auto tests/pictures
	@$(BIN)/nnanim audit --all --theme all --aspect all --recompute --extremes

approve: dev ## accept how the chapters look now: writes tests/pictures anew where they differ
	@$(BIN)/python tests/pictures/sheets.py

bench: dev ## measure the engine against manim's own renderer
	@$(BIN)/python scripts/bench.py --corpus 480p15
	@$(BIN)/python scripts/bench.py --corpus 1080p60 --rounds 1
	@$(BIN)/python scripts/bench.py

record: setup ## compute the chapters' default traces anew and ship them with the course
	@for chapter in $$($(BIN)/python -c "from nnanim.course import load_course; print(*load_course())"); do $(BIN)/nnanim trace $$chapter --record || exit; done

gallery: setup ## make the moving pictures of the README from the chapters’ films
	@$(BIN)/python scripts/gallery.py

clean: ## remove what was made: videos, caches, builds (not .venv, not media/gallery)
	@find media -mindepth 1 -maxdepth 1 ! -name gallery ! -name bench.json -exec rm -rf {} + 2>/dev/null || true
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find nnanim scenes scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: dev
dev:
	@scripts/setup --dev
