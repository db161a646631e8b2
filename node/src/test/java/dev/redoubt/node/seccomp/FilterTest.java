package dev.redoubt.node.seccomp;

import static dev.redoubt.linux.Errno.ENOSYS;
import static dev.redoubt.linux.Errno.EPERM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.policy.calls.Argument;
import dev.redoubt.policy.calls.ArgumentTest;
import dev.redoubt.policy.calls.CallNumbers;
import dev.redoubt.policy.calls.Clause;
import dev.redoubt.policy.calls.Decision;
import dev.redoubt.policy.calls.Decisions;
import dev.redoubt.policy.calls.Verdict;
import dev.redoubt.policy.profile.BuiltIns;
import dev.redoubt.protocol.CallRule;
import dev.redoubt.protocol.CallRules;
import dev.redoubt.protocol.Condition;
import dev.redoubt.protocol.Profile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class FilterTest {
    private static final int X86_64 = 0xC000003E;
    private static final int I386 = 0x40000003;
    private static final int X32_BIT = 0x40000000;
    private static final int SAMPLES = 60;

    private static final int ALLOW = 0x7fff0000;
    private static final int PRETEND = 0x00050000;
    private static final int NOTIFY = 0x7fc00000;
    private static final int KILL_PROCESS = 0x80000000;

    private static final CallRules STANDARD = Profile.DEFAULT.calls();
    private static final CallRules NARROW =
            BuiltIns.find("minimal").orElseThrow().calls();
    private static final CallRules DEBUGGING =
            BuiltIns.find("development").orElseThrow().calls();

    /** The rules of every built-in profile, and of none at all. */
    static Stream<Named<CallRules>> rules() {
        return Stream.concat(BuiltIns.all().stream(), Stream.of(Profile.NOTHING))
                .map(profile -> Named.of(profile.name(), profile.calls()));
    }

    /** Of those that programs run under. */
    static Stream<Named<CallRules>> ofPrograms() {
        return BuiltIns.all().stream().map(profile -> Named.of(profile.name(), profile.calls()));
    }

    /** The program agrees with the list for every number of three ABIs and arguments of all kinds. */
    @ParameterizedTest
    @MethodSource("rules")
    void theProgramDecidesAsTheListDoes(CallRules calls) {
        for (Asked asked : List.of(Asked.NOTHING, Asked.USUAL)) {
            theProgramDecidesAsTheListDoes(calls, asked);
        }
    }

    private static void theProgramDecidesAsTheListDoes(CallRules calls, Asked asked) {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        SortedMap<Integer, Decision> list = Filter.decisions(calls, asked);
        BpfMachine machine = new BpfMachine(Filter.compile(calls, asked).bytes());
        for (int number = -2; number < 1200; number++) {
            Decision decision = list.getOrDefault(number, Decision.always(new Verdict.Refuse(ENOSYS)));
            for (long[] arguments : samples(decision, random)) {
                assertThat(machine.run(X86_64, number, arguments))
                        .as("seed %d, call %d, arguments %s", seed, number, List.of(arguments))
                        .isEqualTo(decision.decide(arguments).action());
                assertThat(machine.run(X86_64, number | X32_BIT, arguments)).isEqualTo(refused(ENOSYS));
                assertThat(machine.run(I386, number, arguments)).isEqualTo(KILL_PROCESS);
            }
        }
    }

    /** Arguments made of the values that the decision looks for, their neighbours, and noise in the high half. */
    private static List<long[]> samples(Decision decision, Random random) {
        List<Integer> interesting = new ArrayList<>(List.of(0, 1, -1));
        for (Clause clause : decision.clauses()) {
            for (ArgumentTest test : clause.tests()) {
                switch (test) {
                    case ArgumentTest.OneOf(Argument argument, List<Integer> values) -> {
                        interesting.addAll(values);
                        values.forEach(value -> interesting.add(value | ~argument.mask()));
                    }
                    case ArgumentTest.AnyBit(Argument argument) -> {
                        interesting.add(Integer.lowestOneBit(argument.mask()));
                        interesting.add(~argument.mask());
                    }
                    case ArgumentTest.Null ignored -> {} // 0 is interesting anyway
                }
            }
        }
        List<long[]> samples = new ArrayList<>();
        int count = decision.clauses().isEmpty() ? 2 : SAMPLES + 10 * interesting.size();
        for (int i = 0; i < count; i++) {
            long[] arguments = new long[6];
            for (int a = 0; a < 6; a++) {
                int low = interesting.get(random.nextInt(interesting.size())) + (random.nextInt(8) == 0 ? 1 : 0);
                int high = random.nextBoolean() ? 0 : random.nextInt();
                arguments[a] = (long) high << 32 | Integer.toUnsignedLong(low);
            }
            samples.add(arguments);
        }
        return samples;
    }

    /** The kernel reads ints, but for pointers; their high half must not change the answer (CVE-2019-10063). */
    @ParameterizedTest
    @MethodSource("rules")
    void theHighHalfOfAnArgumentNeverMatters(CallRules calls) {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        BpfMachine machine = new BpfMachine(Filter.compile(calls).bytes());
        Filter.decisions(calls, Asked.NOTHING).forEach((number, decision) -> {
            for (long[] arguments : samples(decision, random)) {
                int answer = machine.run(X86_64, number, arguments);
                for (int a = 0; a < 6; a++) {
                    if (!pointers(decision).contains(a)) {
                        arguments[a] &= 0xffff_ffffL;
                    }
                }
                assertThat(machine.run(X86_64, number, arguments))
                        .as("seed %d, call %d", seed, number)
                        .isEqualTo(answer);
            }
        });
    }

    private static Set<Integer> pointers(Decision decision) {
        Set<Integer> indices = new HashSet<>();
        decision.clauses()
                .forEach(clause -> clause.tests().forEach(test -> {
                    if (test instanceof ArgumentTest.Null(Argument argument)) {
                        indices.add(argument.index());
                    }
                }));
        return indices;
    }

    /**
     * One that asks a broker too. Calls that pass whatever their arguments are cost what they cost without one, because the
     * kernel keeps a table of them; the way of others is longer by a comparison where asking parts a range of numbers.
     */
    @ParameterizedTest
    @MethodSource("rules")
    void isSmallAndShallow(CallRules calls) {
        Filter alone = Filter.compile(calls);
        System.out.printf(
                "filter: %d instructions, deepest path %d, sha256 %s%n", alone.length(), alone.depth(), alone.sha256());
        for (Asked asked : List.of(Asked.NOTHING, Asked.USUAL, Asked.OPENS_TOO)) {
            Filter filter = Filter.compile(calls, asked);
            assertThat(filter.length()).isLessThan(600);
            assertThat(filter.depth()).isLessThan(60).isLessThanOrEqualTo(alone.depth() + 2);
            assertThat(filter.bytes()).hasSize(filter.length() * 8);
        }
    }

    @Test
    void theSameListGivesTheSameBytes() {
        assertThat(Filter.compile(STANDARD).bytes())
                .isEqualTo(Filter.compile(STANDARD).bytes());
        assertThat(Filter.compile(STANDARD).sha256())
                .isEqualTo(Filter.compile(STANDARD).sha256())
                .isNotEqualTo(Filter.compile(NARROW).sha256());
    }

    @Test
    void aWiderProfileAllowsAllThatANarrowerDoes() {
        BpfMachine narrow = new BpfMachine(Filter.compile(NARROW).bytes());
        BpfMachine standard = new BpfMachine(Filter.compile(STANDARD).bytes());
        BpfMachine debugging = new BpfMachine(Filter.compile(DEBUGGING).bytes());
        int differences = 0;
        for (int number : CallNumbers.names().keySet()) {
            for (int low = 0; low < 20; low++) {
                long[] arguments = {low, 1, 0, 0, 0, 0};
                if (narrow.run(X86_64, number, arguments) == ALLOW) {
                    assertThat(standard.run(X86_64, number, arguments)).isEqualTo(ALLOW);
                } else if (standard.run(X86_64, number, arguments) == ALLOW) {
                    assertThat(debugging.run(X86_64, number, arguments)).isEqualTo(ALLOW);
                    differences++;
                }
            }
        }
        assertThat(differences).isPositive();
        assertThat(answer(STANDARD, "ptrace")).isEqualTo(refused(EPERM));
        assertThat(answer(DEBUGGING, "ptrace")).isEqualTo(ALLOW);
        assertThat(answer(NARROW, "shmget")).isEqualTo(refused(ENOSYS));
    }

    @Test
    void theBrokerIsAskedInsteadOfRefusing() {
        Asked asked = new Asked(Set.of("mount", "clone", "shmget"), Set.of("sysinfo"));
        BpfMachine machine = new BpfMachine(Filter.compile(STANDARD, asked).bytes());
        BpfMachine narrow = new BpfMachine(Filter.compile(NARROW, asked).bytes());
        assertThat(machine.run(X86_64, CallNumbers.of("shmget"), new long[6])).isEqualTo(ALLOW);
        assertThat(narrow.run(X86_64, CallNumbers.of("shmget"), new long[6])).isEqualTo(NOTIFY);
        assertThat(machine.run(X86_64, CallNumbers.of("mount"), new long[6])).isEqualTo(NOTIFY);
        assertThat(machine.run(X86_64, CallNumbers.of("sysinfo"), new long[6])).isEqualTo(NOTIFY);
        assertThat(machine.run(X86_64, CallNumbers.of("clone"), new long[6])).isEqualTo(ALLOW);
        assertThat(machine.run(X86_64, CallNumbers.of("clone"), new long[] {0x10000000, 0, 0, 0, 0, 0}))
                .isEqualTo(NOTIFY);
        assertThat(machine.run(X86_64, CallNumbers.of("umount2"), new long[6])).isEqualTo(refused(EPERM));
        assertThatThrownBy(() -> new Asked(Set.of("mounts"), Set.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("mounts");
    }

    /** A rule about the flags of an open must not be a way around the broker that looks at its path. */
    @Test
    void anOpenThatARuleAllowsOnlySometimesIsAskedAboutToo() {
        CallRule readers = new CallRule.Allow(
                List.of(Condition.on(2, new Condition.OneOf(3, new TreeSet<>(Set.of(0))))), List.of());
        CallRules rules = new CallRules(STANDARD.groups(), new TreeMap<>(Map.of("openat", readers)), new TreeSet<>());
        BpfMachine alone = new BpfMachine(Filter.compile(rules).bytes());
        BpfMachine asking = new BpfMachine(Filter.of(rules, true).bytes());
        int openat = CallNumbers.of("openat");
        for (int flags = 0; flags < 3; flags++) {
            long[] arguments = {0, 0, flags, 0, 0, 0};
            assertThat(alone.run(X86_64, openat, arguments)).isEqualTo(flags == 0 ? ALLOW : refused(EPERM));
            assertThat(asking.run(X86_64, openat, arguments)).isEqualTo(flags == 0 ? NOTIFY : refused(EPERM));
        }
    }

    /** On the way of every start: a profile that was compiled before costs a look into a map. */
    @Test
    void isCompiledOnce() {
        CallRules rules = BuiltIns.find("batch-job").orElseThrow().calls();
        Filter first = Filter.of(rules, false);
        CallRules same = new CallRules(rules.groups(), rules.calls(), rules.asked());
        long[] times = new long[101];
        for (int i = 0; i < times.length; i++) {
            long start = System.nanoTime();
            assertThat(Filter.of(same, false)).isSameAs(first);
            times[i] = System.nanoTime() - start;
        }
        Arrays.sort(times);
        System.out.println("a compiled profile, found again: median " + times[50] + " ns");
        assertThat(Duration.ofNanos(times[50])).isLessThan(Duration.ofNanos(100_000));
    }

    @ParameterizedTest
    @MethodSource("ofPrograms")
    void theCoreLimitIsReadAndNeverSet(CallRules calls) {
        BpfMachine machine = new BpfMachine(Filter.compile(calls).bytes());
        int prlimit = CallNumbers.of("prlimit64");
        long lowHalfZero = 1L << 32;
        assertThat(machine.run(X86_64, prlimit, new long[] {0, 4, 0, 0x1000, 0, 0}))
                .isEqualTo(ALLOW);
        assertThat(machine.run(X86_64, prlimit, new long[] {0, 4, 0x1000, 0, 0, 0}))
                .isEqualTo(PRETEND);
        assertThat(machine.run(X86_64, prlimit, new long[] {0, 4, lowHalfZero, 0, 0, 0}))
                .isEqualTo(PRETEND);
        assertThat(machine.run(X86_64, prlimit, new long[] {0, 4, lowHalfZero, lowHalfZero, 0, 0}))
                .isEqualTo(refused(EPERM));
        assertThat(machine.run(X86_64, prlimit, new long[] {0, 3, 0x1000, 0x1000, 0, 0}))
                .isEqualTo(ALLOW);
        assertThat(machine.run(X86_64, CallNumbers.of("setrlimit"), new long[] {4, 0x1000, 0, 0, 0, 0}))
                .isEqualTo(PRETEND);
        assertThat(machine.run(X86_64, CallNumbers.of("setrlimit"), new long[] {7, 0x1000, 0, 0, 0, 0}))
                .isEqualTo(ALLOW);
    }

    @ParameterizedTest
    @MethodSource("ofPrograms")
    void schedulingIsForOneselfAndNeverForPid1(CallRules calls) {
        BpfMachine machine = new BpfMachine(Filter.compile(calls).bytes());
        for (String call : List.of("sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity")) {
            int number = CallNumbers.of(call);
            assertThat(machine.run(X86_64, number, new long[6])).as(call).isEqualTo(ALLOW);
            assertThat(machine.run(X86_64, number, new long[] {1, 0, 0, 0, 0, 0}))
                    .as(call)
                    .isEqualTo(refused(EPERM));
            // The kernel takes 32 bits of a pid
            assertThat(machine.run(X86_64, number, new long[] {1L << 32 | 1, 0, 0, 0, 0, 0}))
                    .as(call)
                    .isEqualTo(refused(EPERM));
        }
        // Processes, groups, users: counted from 0 by the one, from 1 by the other
        for (int group = 0; group < 2; group++) {
            int nice = CallNumbers.of("setpriority");
            int io = CallNumbers.of("ioprio_set");
            assertThat(machine.run(X86_64, nice, new long[] {group, 0, 5, 0, 0, 0}))
                    .isEqualTo(ALLOW);
            assertThat(machine.run(X86_64, nice, new long[] {group, 1, 5, 0, 0, 0}))
                    .isEqualTo(refused(EPERM));
            assertThat(machine.run(X86_64, nice, new long[] {2, group, 5, 0, 0, 0}))
                    .isEqualTo(refused(EPERM));
            assertThat(machine.run(X86_64, io, new long[] {group + 1, 0, 5, 0, 0, 0}))
                    .isEqualTo(ALLOW);
            assertThat(machine.run(X86_64, io, new long[] {group + 1, 1, 5, 0, 0, 0}))
                    .isEqualTo(refused(EPERM));
            assertThat(machine.run(X86_64, io, new long[] {3, group, 5, 0, 0, 0}))
                    .isEqualTo(refused(EPERM));
        }
    }

    /** What unpacks images has the profile minimal, less what it has no use for, and the mark of a deleted name. */
    @Test
    void unpackingAllowsLessThanMinimal() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        BpfMachine narrow = new BpfMachine(Filter.compile(NARROW).bytes());
        BpfMachine unpacking = new BpfMachine(Filter.forUnpacking().bytes());
        int mknodat = CallNumbers.of("mknodat");
        Decisions.ofUnpacking().forEach((number, decision) -> {
            for (long[] arguments : samples(decision, random)) {
                int answer = unpacking.run(X86_64, number, arguments);
                assertThat(answer)
                        .as("seed %d", seed)
                        .isEqualTo(decision.decide(arguments).action());
                if (answer == ALLOW && number != mknodat) {
                    assertThat(narrow.run(X86_64, number, arguments)).isEqualTo(ALLOW);
                }
            }
        });
        int device = 0x2000;
        assertThat(unpacking.run(X86_64, mknodat, new long[] {3, 0, device, 0})).isEqualTo(ALLOW);
        assertThat(unpacking.run(X86_64, mknodat, new long[] {3, 0, device, 0x103}))
                .isEqualTo(refused(EPERM));
        assertThat(unpacking.run(X86_64, mknodat, new long[] {3, 0, 0x6000, 0})).isEqualTo(refused(EPERM));
        for (String call : List.of("socket", "connect", "bind", "memfd_create", "mknod")) {
            assertThat(unpacking.run(X86_64, CallNumbers.of(call), new long[6])).isEqualTo(refused(EPERM));
        }
    }

    private static int answer(CallRules calls, String call) {
        return new BpfMachine(Filter.compile(calls).bytes()).run(X86_64, CallNumbers.of(call), new long[6]);
    }

    private static int refused(int errno) {
        return 0x00050000 | errno;
    }
}
