# The two that matter: `make demo` (watch it work) and `make test` (see it proven).
# Every target first makes the machine ready: what is missing is installed, nothing is asked.

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

ROOMS   := native store ipam net runtime image engine cli
SOURCES := $(wildcard *.ts) $(shell find $(ROOMS) -name '*.ts' 2>/dev/null)
LAUNCHER_SOURCES := $(wildcard native/launcher/*.[ch]) native/launcher/Makefile

.PHONY: demo test lint bench build test-guest clean setup help

help: ## What can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: setup build ## Watch containers run in all four network modes (needs root)
	@scripts/demo.sh

test: setup build ## Everything but the second kernel, against the real kernel (needs root)
	@scripts/test.sh

test-guest: setup build ## cgroup v2 and ipvlan, in a virtual machine with Debian's own kernel (needs root)
	@scripts/test-guest.sh

bench: setup build ## Measure, beside docker where there is something to compare (needs root)
	@node scripts/bench.mjs $(BENCH)

lint: setup ## Formatting, lint rules and types
	@npx --no-install biome ci --colors=off --log-level=warn .
	@npx --no-install tsc --noEmit

build: setup build/hawser-launch dist/cli.cjs dist/types/index.d.ts ## The program, the library and its types, the launcher

setup: ## Debian packages and npm packages
	@scripts/setup.sh $(filter demo test test-guest bench,$(MAKECMDGOALS))

# The launcher comes first: the build runs the program, to keep the byte code of what ran.
dist/cli.cjs: $(SOURCES) scripts/build.mjs $(wildcard scripts/bundle/*) package-lock.json | build/hawser-launch
	@echo 'build: the program and the library'
	@node scripts/build.mjs

dist/types/index.d.ts: $(SOURCES) tsconfig.types.json package-lock.json
	@echo "build: the library's types"
	@rm -rf dist/types
	@npx --no-install tsc -p tsconfig.types.json
	@touch $@

build/hawser-launch: $(LAUNCHER_SOURCES)
	@echo 'build: the launcher'
	@$(MAKE) -s -C native/launcher

clean: ## Remove what was built (not what was installed)
	@rm -rf dist build
