# make build   the twohop binary, into the working directory
# make test    everything that CI checks; installs missing Debian packages when root
# make attack  the attack table against twohop, nginx and HAProxy; docs/attacks.md must fit
# make bench   Go benchmarks; twohop beside nginx, HAProxy and httputil.ReverseProxy: 10 minutes; QUICK=1: one;
#              CADDY=1: Caddy too; BENCH="-work 1k-plain -rounds 5": see go run ./tests/bench -h
# make audit-bench  the audit log of CALLS calls: what it takes, and how fast twohop audit show finds them
# make slow    2,000 slow clients and a mix of attacks against the real binary; prints the figures
# make lint    gofmt, vet and staticcheck
# make cross   static binaries for linux, windows and darwin into dist/
# make soak    the broker under a mixed load for SOAK, which must lose and leak nothing
# make reloads a thousand reloads under load
# make fuzz    each fuzz target for FUZZTIME
# make faults  every fault of docs/faults.md, one line each
# make corpus  the codec on a folder of contracts beside other SOAP stacks: CONTRACTS=DIR ORACLE=DIR; see docs/translation.md
# make docs    the pages that are written from the code

FUZZTIME ?= 20s
SOAK ?= 15m
CALLS ?= 10000000
GO ?= go
comma := ,

.PHONY: build test attack slow bench audit-bench soak reloads lint cross fuzz faults packages docs corpus

build:
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=auto -ldflags '-s -w' -o twohop ./cmd/twohop

# The end-to-end tests run by themselves: they have time limits of their own. They build
# the binary they try, of which go's cache of test results does not know: -count=1.
test: packages lint
	@if command -v cc >/dev/null; then race=-race; else echo "no C compiler: without -race" >&2; fi; \
	set -x; $(GO) test $$race -timeout 10m $$($(GO) list ./... | grep -v '^twohop/tests') && \
	$(GO) test $$race -count=1 -timeout 15m -p 1 ./tests/...

lint:
	@bad=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$bad" ]; then echo "not gofmt-ed: $$bad"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# The tests' peers. Only root on Debian gets them here; elsewhere the tests that need
# one say so and are skipped. No service may start.
packages:
	@sh deploy/test-packages.sh

attack: packages
	$(GO) test -count 1 -v ./tests/attack

bench:
	$(if $(QUICK),,$(GO) test -run '^$$' -bench . -benchmem ./routes ./proxy ./target ./audit ./translate/... && $(GO) run ./tests/bench/answer)
	$(GO) run ./tests/bench $(if $(QUICK),-quick) -proxies twohop,nginx,haproxy,httputil$(if $(CADDY),$(comma)caddy) $(BENCH)

# In memory, where a batch of a second costs no wait for a disk; 10,000,000 calls take 3 GB and ten minutes.
audit-bench:
	nice $(GO) run ./tests/bench/auditdir -calls $(CALLS) -dir /dev/shm/twohop-audit-bench

# Needs some 10,000 descriptors (ulimit -n), and root for the cgroup.
slow: packages
	$(GO) test -count=1 -v -timeout 20m ./tests/slow -args -clients 2000

# Markdown on standard output; docs/soak.md holds a run.
soak:
	@nice $(GO) run ./tests/soak -for $(SOAK)

reloads:
	TWOHOP_RELOADS=1000 $(GO) test ./tests -run TestManyReloadsUnderLoad -count 1 -v

cross:
	@mkdir -p dist
	@for os in linux windows darwin; do for arch in amd64 arm64; do \
		ext=; [ $$os = windows ] && ext=.exe; \
		echo dist/twohop-$$os-$$arch$$ext; \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -buildvcs=auto -ldflags '-s -w' -o dist/twohop-$$os-$$arch$$ext ./cmd/twohop || exit 1; \
	done; done

fuzz:
	@$(GO) list ./... | while read pkg; do \
		$(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' | while read f; do \
			echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg || exit 1; \
		done || exit 1; \
	done

# PAGE= leaves the page as it is.
PAGE ?= docs/translation.md
corpus: packages
	@[ -n "$(CONTRACTS)" ] && [ -n "$(ORACLE)" ] || { echo "usage: make corpus CONTRACTS=DIR ORACLE=DIR" >&2; exit 2; }
	nice $(GO) run ./tests/corpus -contracts $(CONTRACTS) -oracle $(ORACLE) $(if $(PAGE),-page $(PAGE))

faults: packages
	$(GO) test -race -count=1 -v -timeout 10m ./tests/faults

# docs/errors.md and docs/faults.md are written from the code, docs/attacks.md from the attack table and what
# was seen; the latter needs nginx and HAProxy.
docs:
	$(GO) test ./tests -run ErrorsPage -update
	$(GO) test ./tests/attack -run Attacks -update
	$(GO) test ./tests/faults -run FaultsPage -update
