# `make run` and `make test` are all a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test setup demo bench bench-peers soak verify fmt clean-data

# Where rustup puts cargo, for a shell that was open before it was installed.
export PATH := $(PATH):$(HOME)/.cargo/bin

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | column -t -s '|'

run: setup ## place a spoken and a typed demo call, print them with the booked rows, then keep serving
	FRONTDESK_ANNOUNCE=1 FRONTDESK_SIP_LISTEN=$${FRONTDESK_SIP_LISTEN:-auto} \
		FRONTDESK_DOCUMENTS=$${FRONTDESK_DOCUMENTS:-demo/documents} cargo run --locked --release -p frontdesk -- run

test: ## all tests, against a real livekit-server, PostgreSQL and Chromium
	scripts/setup.sh test
	scripts/test.sh

setup: ## install what is missing on this machine
	scripts/setup.sh run

demo: setup ## place the two demo calls and exit with their result
	cargo run --locked --release -p frontdesk -- demo

bench: ## measure what docs/performance.md states, in release
	scripts/setup.sh test
	scripts/bench.sh

bench-peers: ## place the same call to other runtimes (installs them outside the clone)
	scripts/setup.sh test
	scripts/bench-peers.sh

soak: ## calls for SOAK_MINUTES (5) while everything that they need is broken in turn
	scripts/setup.sh test
	scripts/soak.sh

verify: ## everything CI runs: format, rules, licences, clippy, documentation, tests
	bash .ci/run

fmt: ## format, and write the generated files (clippy.toml, index of decisions)
	cargo fmt --all
	cargo xtask clippy-config
	cargo xtask decisions

clean-data: ## remove the local data: database, recordings, logs (asks first)
	scripts/clean-data.sh
