# A thin door to CMake, CTest and tools/; `make help` lists what there is.
MINUTES ?= 4
FIGURE ?=
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run build test scenarios score bench fuzz threads soak lint

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

build: ## build the program: build/release/mandate
	@tools/setup build
	@tools/build release mandate

run: build ## start it on 127.0.0.1:8181 with a sample organisation
	@tools/run

test: ## build with tests and run them all
	@tools/setup test
	@tools/build ci all
	@tools/check ci

scenarios: ## run the acceptance stories: a table, and build/scenarios.json
	@tools/setup test
	@tools/build ci all
	@tests/scenarios/run

score: ## score `mandate scan` on the labelled sets of ../shared; writes build/score.json
	@tools/setup test
	@tools/build ci mandate
	@tools/score

bench: ## every figure beside its limit, or those of FIGURE=...; writes build/bench.json
	@tools/setup bench
	@tools/build bench all
	@tools/bench "$(FIGURE)"

fuzz: ## run every fuzz target, MINUTES=n in all; writes build/fuzz.json
	@tools/setup dev
	@tools/build fuzz all
	@tools/fuzz build/fuzz --minutes $(MINUTES)

threads: ## run the tests of the scan's threads under ThreadSanitizer
	@tools/setup dev
	@tools/build tsan test_scan_threads
	@tools/check tsan --label-regex threads

soak: ## run the long forms of the soak tests
	@tools/setup test
	@tools/build ci all
	@MANDATE_SOAK=1 tools/check ci --label-regex soak

lint: ## formatting, tools/tidy, headers on their own, clang-tidy
	@tools/setup dev
	@tools/format --check
	@tools/tidy
	@tools/build ci all_verify_interface_header_sets
	@tools/clang_tidy
