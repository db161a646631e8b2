# The spawner, and the build of it that obeys the escape battery's switches.

SPAWNER := spawner.c sandbox.c runtime.c spec.c io.c
SPAWNER_HEADERS := spec.h io.h kernel.h sandbox.h builder.h confine.h steps.h
SPAWNER_FLAGS := $(patsubst -std=c11,-std=gnu11,$(filter-out -Wshadow -Wstrict-prototypes -Wmissing-prototypes,$(WARN)))

all: $(B)/redoubt-spawner $(B)/redoubt-spawner-test escape

$(B)/redoubt-spawner: $(SPAWNER) $(SPAWNER_HEADERS) | $(B)
	$(MUSL) $(SPAWNER_FLAGS) $(LINUX) $(HARDEN) $(SIZE) $(LINK) -o $@ $(SPAWNER) $(LINK_END)

$(B)/redoubt-spawner-test: $(SPAWNER) $(SPAWNER_HEADERS) | $(B)
	$(MUSL) $(SPAWNER_FLAGS) -DREDOUBT_TEST_WALLS $(LINUX) $(HARDEN) $(SIZE) $(LINK) -o $@ $(SPAWNER) $(LINK_END)

test: spec-test
fuzz: fuzz-spec

.PHONY: spec-test fuzz-spec
spec-test: $(B)/spec-test
	$(B)/spec-test

$(B)/spec-test: tests/spec_test.c spec.c spec.h | $(B)
	$(CC) $(SPAWNER_FLAGS) -g -fsanitize=address,undefined -fno-sanitize-recover=all -o $@ tests/spec_test.c spec.c

$(B)/fuzz-spec: tests/fuzz_spec.c spec.c spec.h | $(B)
	$(CLANG) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ tests/fuzz_spec.c spec.c

fuzz-spec: $(B)/fuzz-spec $(B)/spec-test
	mkdir -p $(B)/corpus-spec
	$(B)/spec-test --seed $(B)/corpus-spec/good
	$(B)/fuzz-spec -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -seed=1 -verbosity=0 -print_final_stats=1 $(B)/corpus-spec
