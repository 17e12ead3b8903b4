# For your Makefile:
#
#     include blockc.mk
#     deploy: blockc
#
# `make blockc` builds when something changed: the policy, a file it names, the data, blockc itself,
# or the day, on which a stage may begin or an exception end. Otherwise it does nothing. Artifacts
# that come out as they were keep their modification time. What `make` alone makes is yours to say.
#
# Keep these out of version control: dist .blockc

blockc_goal := $(.DEFAULT_GOAL)
BLOCKC ?= blockc
BLOCKC_FOLDER := $(dir $(lastword $(MAKEFILE_LIST)))
BLOCKC_POLICY ?= $(BLOCKC_FOLDER)blockc.toml
BLOCKC_OUTPUT ?= $(BLOCKC_FOLDER)dist
# Such as: --from FOLDER, or --sample to try it out.
BLOCKC_OPTIONS ?=
blockc_day := $(shell date -u +%Y-%m-%d)

blockc_state := $(BLOCKC_FOLDER).blockc
blockc_stamp := $(blockc_state)/built-$(blockc_day)
blockc_again := $(if $(wildcard $(BLOCKC_OUTPUT)/manifest.json),,blockc-force)

.PHONY: blockc blockc-update blockc-dry-run blockc-rollback blockc-release blockc-force

blockc: $(blockc_stamp)

$(blockc_stamp): $(BLOCKC_POLICY) $(wildcard $(BLOCKC_FOLDER)blockc.lock) $(blockc_again)
	@mkdir -p $(blockc_state)
	$(BLOCKC) build --file $(BLOCKC_POLICY) --output $(BLOCKC_OUTPUT) \
		--depfile $(blockc_state)/read.d --depfile-target $@ $(BLOCKC_OPTIONS)
	@rm -f $(blockc_state)/built-*
	@touch $@

blockc-update:
	$(BLOCKC) update --file $(BLOCKC_POLICY)

blockc-dry-run:
	$(BLOCKC) build --dry-run --file $(BLOCKC_POLICY) $(BLOCKC_OPTIONS)

blockc-rollback:
	$(BLOCKC) rollback --output $(BLOCKC_OUTPUT)

blockc-release:
	$(BLOCKC) rollback --release --output $(BLOCKC_OUTPUT)
	@rm -f $(blockc_state)/built-*

-include $(blockc_state)/read.d

.DEFAULT_GOAL := $(blockc_goal)
