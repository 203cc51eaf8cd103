# Every target is described by the comment after `##`; `make help` prints them.
# PYTHON=python3.11 names the interpreter, ROS_PREFIX=/opt/ros/<distro> an installed ROS 2 to build against.

SHELL := /bin/bash
.DEFAULT_GOAL := help
export PYTHON ROS_PREFIX

IN_ROS := scripts/in_ros.sh
OUT ?= demo

.PHONY: help setup demo picture test test-full check format bench soak clean

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## ROS 2 prefix in .ros/, package in install/ (seconds when nothing changed)
	@scripts/setup_prefix.sh
	@scripts/build.sh

demo: setup ## the real node on a synthetic drive; INPUT=<bag or folder> for your images, CAMERAS=1|6, MODE=fast|balanced|quality, OUT=<folder>
	@$(IN_ROS) occany demo $(if $(INPUT),--input "$(INPUT)") $(if $(CAMERAS),--cameras "$(CAMERAS)") $(if $(MODE),--mode "$(MODE)") --out "$(OUT)"

picture: setup ## the demo's bag in a real viewer, Foxglove Studio from npm in headless Chromium -> docs/viewer.png; OUT=<folder> of the demo
	@$(IN_ROS) python3 scripts/viewer/take_picture.py --bag "$(OUT)/bag"

test: setup check ## every check and every test, the node's over real DDS
	@$(IN_ROS) python3 -m pytest test

test-full: setup check ## the same and networks of the released size, the node's on real images: minutes, 8 GB
	@$(IN_ROS) python3 -m pytest test -m 'slow or not slow'

check: setup ## linters, types, import contracts; changes nothing
	@$(IN_ROS) scripts/check.sh

format: setup ## rewrite the sources in the house style
	@$(IN_ROS) ruff check --quiet --fix .
	@$(IN_ROS) ruff format .

bench: setup ## time and memory of the embedded network, stage by stage, and of the node around it (docs/performance.md)
	@$(IN_ROS) occany bench stages network streaming host

soak: setup ## ten minutes of six cameras at 30 Hz into a slower node, then 10 000 hostile inputs; SECONDS=600, OUT=<folder>
	@failed=0; \
	$(IN_ROS) python3 test/ros/soak.py --seconds $(if $(SECONDS),$(SECONDS),600) --out $(if $(filter demo,$(OUT)),soak,$(OUT)) || failed=1; \
	$(IN_ROS) python3 -m pytest test -m fuzz --hypothesis-profile=soak || failed=1; \
	exit $$failed

clean: ## remove what was built (.ros/, build/, install/, log/) and the caches
	rm -rf .ros build install log .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
