# make run    everything on http://127.0.0.1:8000 (PORT=8001 for another port)
# make test   every check and test
PYTHON ?= python3

.PHONY: run test bench setup messages requirements

run:
	@$(PYTHON) bin/run

test:
	@$(PYTHON) bin/test

# The workplace at 1,000 to 1,000,000 tickets (docs/performance.md): make bench ARGS="--sizes 1000 --json FILE"
# The other benchmarks are run by name; bench/README.md says what they measure.
bench: setup
	@.venv/bin/python -m bench.workplace $(ARGS)

# What run and test need, without starting anything.
setup:
	@$(PYTHON) bin/prepare.py

# Collect new texts into locale/es/LC_MESSAGES/django.po.
messages:
	@.venv/bin/python bin/messages update

# After a change of requirements.in, requirements-dev.in or requirements-bench.in.
requirements:
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements.in -o requirements.txt
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-dev.in -o requirements-dev.txt
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-bench.in -o requirements-bench.txt
