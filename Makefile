UV := sh scripts/uv
RUN := $(UV) run --quiet --locked
PORT ?= 8000
ARGS :=
REF :=
ANSWERS :=

.DEFAULT_GOAL := help
.PHONY: help demo test variants variant scale campaigns containers bite bench check fix diff docs lock

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Make the default service and serve it on http://127.0.0.1:8000/docs (PORT=8001: elsewhere)
	@PORT=$(PORT) $(RUN) python scripts/demo.py

test: ## Run the template's tests, about eight minutes (ARGS="-k hook": some of them)
	@$(RUN) --group containers pytest -n auto --dist worksteal $(ARGS)

variants: ## Prove every variant, ten minutes; then only what changed (ARGS=--all: everything)
	@$(RUN) --group campaigns python scripts/variants.py $(ARGS)

variant: ## Prove one: make variant ANSWERS="database=postgresql example=no"
	@$(RUN) --group campaigns python scripts/variants.py --one $(ANSWERS)

bench: ## Measure the CPU of requests beside applications written by hand, about two minutes
	@PYTHONPATH=scripts $(RUN) python benchmarks/bench.py $(ARGS)

scale: ## Project how long the proof would take for 160 trees, five minutes
	@PYTHONPATH=scripts $(RUN) --group campaigns python benchmarks/scale.py

campaigns: ## Run services under storms, slow clients and restarts, five minutes (ARGS="-k refresh")
	@$(RUN) --group campaigns pytest -m campaign tests/campaigns $(ARGS)

containers: ## Build and run images, pods and compose files, as root, eight minutes (ARGS=restart)
	@PYTHONPATH=scripts $(RUN) --group containers python -m containers $(ARGS)

bite: ## Take guards out and plant defects, one at a time: something must turn red, twenty minutes
	@$(RUN) --group campaigns --group containers python scripts/bite.py $(ARGS)

check: ## Report style, types and workflows, and write nothing
	$(UV) lock --check
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) --group campaigns --group containers mypy
	$(RUN) zizmor --offline --quiet .github

fix: ## Repair style
	$(RUN) ruff check --fix
	$(RUN) ruff format

diff: ## Show what a change does to a service (REF=v1.2: since then; ANSWERS="ci=gitlab")
	@$(RUN) python scripts/diff.py --ref "$(REF)" $(ANSWERS)

docs: ## Write the tables of answers anew
	$(RUN) python scripts/answers.py

lock: ## Renew the locks and the list of reserved names (ARGS=--upgrade: with the newest versions)
	$(UV) lock $(ARGS)
	$(RUN) python scripts/lock.py $(ARGS)
	$(RUN) python scripts/reserved_names.py
