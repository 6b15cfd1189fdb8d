# SPDX-License-Identifier: AGPL-3.0-or-later
# The two that matter: make demo, make test. Each makes .venv first if it is not there.
# make soak plays what takes longer: seeds for some minutes (make soak MINUTES=180), and what is marked `soak`.

bin := .venv/bin
UV ?= uv
MINUTES ?= 3

# What is compiled once is kept, whatever the shell says: the tests start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

# A check that passes says nothing; one that fails says everything.
quietly = log=$$($(1) 2>&1) || { printf '%s\n' "$$log"; exit 1; }

.PHONY: demo test bench soak nights clients wire screenshots lint lock runtime dev

demo: runtime
	@$(bin)/mutirao demo

# Two processes, a file at a time: much of what is tested waits for real nodes.
test: lint
	@command -v chromium >/dev/null || echo "mutirao: the browser tests are left out: they need the Debian package chromium"
	@$(bin)/pytest -n 2 --dist loadfile

bench: dev
	@$(bin)/python tests/bench

soak: nights
	@PYTHONPATH=. $(bin)/python -m tests.clients --if-there
	@PYTHONPATH=.:tests $(bin)/python -m tests.wire --if-there
	@$(bin)/pytest -m soak -n 2 --dist loadfile

# Clients generated from the OpenAPI document, by the generators that are on PATH.
clients: dev
	@PYTHONPATH=. $(bin)/python -m tests.clients

# Other implementations of libp2p, fetched into dist/wire, meet a node that serves.
wire: dev
	@PYTHONPATH=.:tests $(bin)/python -m tests.wire --get

# Pictures of every page, and what is wrong there; needs the Debian package chromium.
screenshots: dev
	@PYTHONPATH=.:tests $(bin)/python -m tests.browser.photos dist/screenshots

nights: dev
	@$(bin)/python tests/soak --minutes $(MINUTES)

lint: export PYRIGHT_PYTHON_IGNORE_WARNINGS = 1
lint: dev
	@$(call quietly,$(bin)/ruff check)
	@$(call quietly,$(bin)/ruff format --check)
	@$(call quietly,$(bin)/pyright)
	@$(call quietly,$(bin)/lint-imports)

# The only target that needs uv: it writes the lock files for every Python and platform at once. Pins
# stay as they are unless pyproject.toml rules them out; delete a lock file to renew all that it pins.
compile = $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--annotation-style line --custom-compile-command 'make lock'

lock:
	@$(compile) pyproject.toml --group dev -o requirements-dev.txt
	@$(compile) pyproject.toml --extra chains -c requirements-dev.txt -o requirements.txt
	@$(compile) --group build -c requirements-dev.txt -o requirements-build.txt

runtime dev:
	@.ci/setup $@
