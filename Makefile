# mask2face: `make` lists what can be made.
.DEFAULT_GOAL := help
.PHONY: help setup metrics build demo test clean
INPUT ?=

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

setup: ## install what the machine lacks: packages, ONNX Runtime, models
	@.ci/setup

metrics: ## optional: the networks with which `mask2face evaluate` measures likeness
	@.ci/metrics

build: setup ## the program: target/release/mask2face
	cargo build --release --locked

demo: ## mask a face, unmask it, show both in demo/; INPUT=my.mp4 unmasks your own clip
	@.ci/setup demo
	@.ci/demo "$(INPUT)"

test: setup ## all checks and tests
	@.ci/check

clean: ## remove what was built; the cache of models stays
	cargo clean
	rm -rf demo
