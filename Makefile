# `make test` proves the project, `make demo` shows it. Both work on a fresh Debian machine with a Rust toolchain.
CARGO ?= cargo
# Where cargo builds: as CARGO_TARGET_DIR or its configuration says. An empty name it does not take for none.
ifeq ($(CARGO_TARGET_DIR),)
unexport CARGO_TARGET_DIR
endif
TARGET := $(shell $(if $(CARGO_TARGET_DIR),export CARGO_TARGET_DIR='$(CARGO_TARGET_DIR)',unset CARGO_TARGET_DIR); \
	$(CARGO) metadata --no-deps --offline --format-version 1 2>/dev/null | \
	sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p' | xargs -r -d '\n' realpath -m --relative-base=.)
ifeq ($(TARGET),)
TARGET := target
endif
BIN := $(TARGET)/release/bcdrescue
# sfdisk, sgdisk and mkfs.fat live where a plain user's PATH does not look.
export PATH := $(PATH):/usr/sbin:/sbin

# One static program, for any Linux and for the rescue disk.
STATIC := $(TARGET)/static/x86_64-unknown-linux-gnu/release/bcdrescue
RESCUE := $(TARGET)/rescue
# More kernel parameters for the rescue disk's first entry, such as bcdrescue.run=check.
PARAMETERS ?=

.PHONY: build install static deb deb-test container rescue-disk rescue-for-tests guest demo test lint unit fuzz matching audit bench images packages clean

build:
	$(CARGO) build --release --locked --workspace

# What `make build` or `make static` (BIN=…) made, with manual pages and completions: make install PREFIX=/usr DESTDIR=…
PREFIX ?= /usr/local
SHARE = $(DESTDIR)$(PREFIX)/share
COMMANDS := list inspect check fix record undo bcd schema
BCD := enum get set unset create createstore copy delete default displayorder toolsdisplayorder bootsequence timeout \
	ems bootems emssettings export import diff safe-mode serial-console auto-repair menu last-known-good
install:
	@test -x "$(BIN)" || { echo "$(BIN) is not there; run make build first"; exit 1; }
	install -D -m 755 "$(BIN)" $(DESTDIR)$(PREFIX)/bin/bcdrescue
	@# Not among what `make static` makes.
	@image="$$(dirname "$(BIN)")/bcdrescue-make-image"; \
		if [ -x "$$image" ]; then install -m 755 "$$image" $(DESTDIR)$(PREFIX)/bin/; fi
	install -d $(SHARE)/man/man1 $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions \
		$(SHARE)/fish/vendor_completions.d
	"$(BIN)" man >$(SHARE)/man/man1/bcdrescue.1
	@for command in $(COMMANDS); do \
		"$(BIN)" man $$command >$(SHARE)/man/man1/bcdrescue-$$command.1 || exit 1; done
	@for command in $(BCD); do \
		"$(BIN)" man bcd $$command >$(SHARE)/man/man1/bcdrescue-bcd-$$command.1 || exit 1; done
	"$(BIN)" completions bash >$(SHARE)/bash-completion/completions/bcdrescue
	"$(BIN)" completions zsh >$(SHARE)/zsh/site-functions/_bcdrescue
	"$(BIN)" completions fish >$(SHARE)/fish/vendor_completions.d/bcdrescue.fish

# Panics name their source file: relative to where it was built, so that one commit is one program wherever that is.
REMAP := --remap-path-prefix=$(CURDIR)=. --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=cargo
static:
	RUSTFLAGS="-C target-feature=+crt-static $(REMAP)" $(CARGO) build --release --locked --package bcdrescue \
		--target x86_64-unknown-linux-gnu --target-dir "$(TARGET)/static"

# A Debian package in the target folder: the static program with what `make install` puts beside it. No root.
deb: static
	@integration/package/deb.sh "$(STATIC)" "$(TARGET)"

# Installs that package into a clean Debian, which is made once: minutes, root, and a mirror that apt knows.
deb-test:
	@integration/packages.sh debian || [ $$? = 2 ]
	@$(MAKE) --no-print-directory static
	@[ -e "$(TARGET)/debian.tar" ] || integration/package/clean_debian.sh "$(TARGET)/debian.tar" || \
		echo "there is no clean Debian" >&2
	$(CARGO) test --locked --test integration -- package::

# An image of nothing but the static program.
BUILDER ?= $(firstword $(foreach tool,podman buildah docker,$(shell command -v $(tool))))
container: static
	@[ -n "$(BUILDER)" ] || { echo "podman, buildah or docker is needed" >&2; exit 2; }
	@install -D -m 755 "$(STATIC)" "$(TARGET)/container/bcdrescue"
	$(BUILDER) build -t bcdrescue -f integration/package/Containerfile "$(TARGET)/container"

# Boots on BIOS and UEFI; vmlinuz and initramfs beside it for PXE and qemu -kernel.
rescue-disk:
	@integration/packages.sh rescue
	@$(MAKE) --no-print-directory static
	@integration/rescue/build.sh "$(STATIC)" "$(RESCUE)" '$(PARAMETERS)'

# Debian packages that the tests use as judges; installed as root or with sudo, otherwise named.
packages:
	@integration/packages.sh judges

# No root, no other programs.
demo: build
	$(CARGO) build --release --locked --package bcdrescue-make-image --example break-disk
	@integration/demo.sh "$$(realpath "$(BIN)")" "$$(realpath "$(TARGET)/release/examples/break-disk")" \
		"$$(realpath "$(TARGET)/release/bcdrescue-make-image")"

test: packages lint rescue-for-tests unit

# What boots guests in the tests. Without root, and where it is missing, the tests say which of them were not run.
rescue-for-tests:
	@integration/packages.sh rescue guests || [ $$? = 2 ]
	@$(MAKE) --no-print-directory static
	@if integration/packages.sh rescue 2>/dev/null; then \
		integration/rescue/build.sh "$(STATIC)" "$(RESCUE)" || [ "$$(id -u)" != 0 ]; fi

# One case that boots a guest, with the guest's console on the terminal: make guest CASE=cycle::windows_10
guest: rescue-for-tests
	BCDRESCUE_CONSOLE=1 $(CARGO) test --locked --test integration -- guest::$(CASE) --nocapture --test-threads 1

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -Dwarnings
	$(CARGO) clippy --locked --package bcdrescue --lib --no-default-features -- -Dwarnings
	RUSTDOCFLAGS=-Dwarnings $(CARGO) doc --locked --workspace --no-deps --quiet
	@$(CARGO) metadata --manifest-path integration/fuzz/Cargo.toml --locked --format-version 1 >/dev/null

unit:
	@rm -rf "$(TARGET)/tmp/counted"
	$(CARGO) build --locked --workspace
	$(CARGO) test --locked --workspace
	@echo "counted by these tests:"
	@sed 's/^/  /' "$(TARGET)/tmp/counted"/*

# Every reader of bytes that may lie, for so many seconds each: make fuzz SECONDS=600 TARGETS="ntfs disk". Needs a nightly
# toolchain and `cargo install cargo-fuzz`; `make test` has a short run of the same without them. STORES names a folder of
# real stores to begin with.
SECONDS ?= 60
TARGETS ?= $(basename $(notdir $(wildcard integration/fuzz/fuzz_targets/*.rs)))
STORES ?= ../shared/corpus
fuzz:
	$(CARGO) run --manifest-path integration/fuzz/Cargo.toml --locked --release --quiet --example seeds \
		integration/fuzz/corpus $(STORES)
	@for target in $(TARGETS); do $(CARGO) +nightly fuzz run --fuzz-dir integration/fuzz -s none $$target -- \
		-max_total_time=$(SECONDS) -timeout=20 -rss_limit_mb=512 -print_final_stats=1 || exit 1; done

# Random machines of which it is known what each element meant, in release: make matching SEEDS=20000, or SEEDS=7..8 for one.
SEEDS ?= 2000
matching:
	BCDRESCUE_SEEDS=$(SEEDS) $(CARGO) test --locked --release --test integration -- matching:: --nocapture

audit:
	$(CARGO) deny --config .deny.toml check bans licenses sources

# Times, bytes and memory, beside losetup + ntfs-3g + hivexsh where root allows.
bench:
	$(CARGO) bench --locked --bench bench

# Makes the test disks anew from their recipes (root: volumes are mounted with ntfs-3g, 4096-byte disks with losetup).
images:
	$(CARGO) run --locked --release --package bcdrescue-make-image --example make-images -- images/recipes images

clean:
	$(CARGO) clean
