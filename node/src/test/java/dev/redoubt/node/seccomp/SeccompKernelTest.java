package dev.redoubt.node.seccomp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Errno;
import dev.redoubt.node.walls.WallsProbe;
import dev.redoubt.policy.calls.CallNames;
import dev.redoubt.policy.calls.CallNumbers;
import dev.redoubt.policy.calls.Decision;
import dev.redoubt.policy.calls.Decisions;
import dev.redoubt.policy.calls.Verdict;
import dev.redoubt.policy.profile.BuiltIns;
import dev.redoubt.protocol.CallRules;
import dev.redoubt.protocol.Profile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The filter in the kernel.
 *
 * <p>Each call is tried twice, behind the filter and without it. Its arguments are such that the kernel, when the call
 * reaches it, answers something else than the filter and does nothing: a bad pointer, a descriptor -1, a flag that does
 * not exist.
 */
@Tag("vm")
final class SeccompKernelTest {
    private static final long X32_BIT = 0x40000000L;
    private static final int KILLED_BY_SIGSYS = 128 + 31;
    private static final int KILLED_BY_SIGILL = 128 + 4;

    private static final Map<String, Integer> ERRORS = Map.of(
            "EPERM", Errno.EPERM,
            "ENOSYS", Errno.ENOSYS,
            "EINVAL", Errno.EINVAL,
            "ENOTTY", Errno.ENOTTY,
            "EOPNOTSUPP", Errno.EOPNOTSUPP,
            "ENOPROTOOPT", Errno.ENOPROTOOPT,
            "EPROTONOSUPPORT", Errno.EPROTONOSUPPORT,
            "EAFNOSUPPORT", Errno.EAFNOSUPPORT);

    /** What the list refuses altogether. */
    private static final String REFUSED = """
            ENOSYS vmsplice -1 0 0 0
            EPERM name_to_handle_at -1 s:x 0 0 0
            EPERM open_by_handle_at -1 0 0
            EPERM fanotify_init -1 0
            EPERM fanotify_mark -1 0 0 0 0
            EPERM file_setattr -1 s:x 0 0 0
            ENOSYS cachestat -1 0 0 0
            ENOSYS ustat 0 b:64
            EPERM mount 1 1 1 0 0
            EPERM umount2 s:/nonexistent 0
            EPERM pivot_root s:/nonexistent s:/nonexistent
            EPERM chroot s:/nonexistent
            EPERM fsopen s:nonexistent 0
            EPERM fsconfig -1 99 0 0 0
            EPERM fsmount -1 0 0
            EPERM fspick -1 s:x 0
            EPERM open_tree -1 s:x 0
            EPERM open_tree_attr -1 s:x 0 0 0
            EPERM move_mount -1 s:x -1 s:x 0
            EPERM mount_setattr -1 s:x 0 0 0
            ENOSYS statmount 0 0 0 0
            ENOSYS listmount 0 0 0 0
            EPERM quotactl -1 0 0 0
            EPERM quotactl_fd -1 0 0 0
            ENOSYS clone3 0 0
            EPERM unshare 1
            EPERM setns -1 0
            ENOSYS modify_ldt 0 b:16 16
            ENOSYS remap_file_pages 0 0 0 0 0
            ENOSYS process_madvise -1 0 0 0 0
            ENOSYS process_mrelease -1 0
            ENOSYS memfd_secret -1
            EPERM userfaultfd -1
            EPERM mbind 1 1 99 0 0 0
            EPERM set_mempolicy 99 0 0
            EPERM get_mempolicy 0 0 0 0 99
            EPERM set_mempolicy_home_node 1 1 0 99
            EPERM migrate_pages -1 0 0 0
            EPERM move_pages -1 0 0 0 0 0
            ENOSYS mq_open s:x 0 0 0
            ENOSYS mq_unlink s:x
            ENOSYS mq_timedsend -1 0 0 0 0
            ENOSYS mq_timedreceive -1 0 0 0 0
            ENOSYS mq_notify -1 0
            ENOSYS mq_getsetattr -1 0 0
            ENOSYS io_uring_setup 0 0
            ENOSYS io_uring_enter -1 0 0 0 0 0
            ENOSYS io_uring_register -1 99 0 0
            ENOSYS io_setup 0 0
            ENOSYS io_destroy 0
            ENOSYS io_getevents 0 0 0 0 0
            ENOSYS io_pgetevents 0 0 0 0 0 0
            ENOSYS io_submit 0 0 0
            ENOSYS io_cancel 0 0 0
            EPERM settimeofday 1 0
            EPERM clock_settime 99 0
            EPERM syslog 99 0 0
            ENOSYS lsm_get_self_attr 0 0 0 0
            ENOSYS lsm_set_self_attr 0 0 0 0
            ENOSYS lsm_list_modules 0 0 0
            EPERM ptrace 99999 -1 0 0
            EPERM process_vm_readv -1 0 0 0 0 0
            EPERM process_vm_writev -1 0 0 0 0 0
            EPERM pidfd_getfd -1 0 0
            EPERM kcmp -1 -1 0 0 0
            EPERM perf_event_open 1 0 0 -1 0
            EPERM bpf 9999 0 0
            EPERM add_key 1 0 0 0 0
            EPERM request_key 1 0 0 0
            EPERM keyctl 9999 0 0 0 0
            EPERM reboot 0 0 0 0
            EPERM kexec_load 0 99 0 -1
            EPERM kexec_file_load -1 -1 0 0 -1
            EPERM init_module 0 0 1
            EPERM finit_module -1 1 -1
            EPERM delete_module 1 0
            EPERM swapon 1 0
            EPERM swapoff 1
            EPERM acct 1
            EPERM sethostname 1 -1
            EPERM setdomainname 1 -1
            EPERM iopl 99
            EPERM ioperm -1 -1 0
            EPERM vhangup""";

    /** What the list refuses for some arguments, each with the arguments that are refused. */
    private static final String CONDITIONAL = """
            EPERM ioctl -1 0x5412 s:x
            EPERM ioctl -1 0x541C 0
            EPERM ioctl -1 0x5423 0
            EPERM ioctl -1 0x541D 0
            EPERM ioctl -1 0x5437 0
            ENOTTY ioctl -1 0x5000940E 0
            ENOTTY ioctl -1 0x40086602 0
            ENOTTY ioctl -1 0xC020660B 0
            ENOTTY ioctl -1 0x401C5820 0
            ENOTTY ioctl -1 0xC0045877 0
            ENOTTY ioctl -1 0x80111500 0
            EPERM ioctl -1 0xB701 0
            EPERM ioctl -1 0xFF01 0
            EPERM ioctl -1 0xFF09 0
            EPERM ioctl -1 1 0
            EPERM mknod s:/nonexistent/x 0x2180 0
            EPERM mknod s:/nonexistent/x 0x6180 0
            EPERM mknodat -1 s:x 0x2180 0
            EPERM mknodat -1 s:x 0x6180 0
            EINVAL renameat2 -1 s:x -1 s:y 4
            EPERM clone 0x20011
            EPERM clone 0x2000011
            EPERM clone 0x4000011
            EPERM clone 0x8000011
            EPERM clone 0x10000011
            EPERM clone 0x20000011
            EPERM clone 0x40000011
            EPERM clone 0x80
            EPERM setpriority 0 1 0
            EPERM setpriority 1 1 0
            EPERM setpriority 2 0 0
            EPERM setpriority 2 99999 0
            EPERM sched_setscheduler 1 -1 0
            EPERM sched_setparam 1 0
            EPERM sched_setattr 1 0 0
            EPERM sched_setaffinity 1 0 0
            EPERM ioprio_set 1 1 -1
            EPERM ioprio_set 2 1 -1
            EPERM ioprio_set 3 0 -1
            EPERM prlimit64 1 7 0 b:16
            EPERM prlimit64 0 4 b:16 b:16
            EINVAL prctl 34 0 0 0 0
            EINVAL prctl 67 1 0 0 0
            EINVAL arch_prctl 0x1012 1
            EPERM personality 8
            EPERM personality 0x400000
            EPERM personality 0x40000
            EPERM seccomp 1 8 0
            EPERM seccomp 1 0x28 0
            EINVAL madvise 0 0 12
            EAFNOSUPPORT socket 17 3 0
            EAFNOSUPPORT socket 17 2 0
            EAFNOSUPPORT socket 40 1 0
            EAFNOSUPPORT socket 40 2 0
            EPERM socket 2 3 1
            EPERM socket 2 0x80003 255
            EPERM socket 10 3 58
            EPROTONOSUPPORT socket 2 2 1
            EPROTONOSUPPORT socket 16 3 9
            EPROTONOSUPPORT socket 16 3 15
            EAFNOSUPPORT socketpair 2 1 0 b:8
            ENOPROTOOPT setsockopt -1 6 31 0 0
            ENOPROTOOPT setsockopt -1 1 26 0 0
            ENOPROTOOPT setsockopt -1 1 50 0 0
            ENOPROTOOPT setsockopt -1 1 51 0 0
            ENOPROTOOPT setsockopt -1 1 52 0 0
            EOPNOTSUPP sendto -1 0 0 1 0 0
            EOPNOTSUPP sendmsg -1 0 1
            EOPNOTSUPP sendmmsg -1 0 0 1""";

    /** Beside what is refused: the kernel must answer the same with and without the filter. */
    private static final String PASSES = """
            ioctl -1 0x5413 0
            ioctl -1 0x40049409 0
            ioctl -1 0x80086601 0
            ioctl -1 0x5401 0
            mknod s:/nonexistent/x 0x8180 0
            mknod s:/nonexistent/x 0x1180 0
            mknod s:/nonexistent/x 0xC180 0
            mknodat -1 s:x 0x8180 0
            renameat2 -1 s:x -1 s:y 1
            setpriority 0 0 0
            setpriority 1 0 0
            setpriority 0 99999999 0
            getpriority 0 1
            sched_setscheduler 0 0 b:4
            sched_setparam 0 b:4
            sched_getattr 1 b:48 48 0
            sched_setaffinity 0 8 1
            sched_getaffinity 1 8 1
            ioprio_set 1 0 0x4004
            ioprio_get 1 1
            prlimit64 0 7 0 b:16
            prlimit64 0 4 0 b:16
            setrlimit 16 b:16
            prctl 16 b:16 0 0 0
            arch_prctl 0x1003 b:8
            personality -1
            seccomp 1 0 0
            seccomp 2 0 b:4
            madvise 0 0 4
            socket 1 1 0
            socket 1 2 0
            socket 1 5 0
            socket 2 1 0
            socket 2 1 6
            socket 2 0x80801 0
            socket 2 2 17
            socket 10 1 0
            socket 10 2 0
            socket 16 3 0
            socketpair 1 1 0 b:8
            setsockopt -1 6 1 0 0
            setsockopt -1 1 2 0 0
            sendto -1 0 0 0x4000 0 0
            sendmsg -1 0 0
            kill 1 99
            landlock_create_ruleset 0 0 1
            landlock_restrict_self -1 0
            adjtimex b:256
            shmget 0 -1 0
            memfd_create s:x -1
            sysinfo b:128
            file_getattr -1 s:x 0 0 0
            pidfd_open -1 0""";

    @TempDir
    Path scratch;

    private WallsProbe control;
    private WallsProbe standard;
    private WallsProbe narrow;

    @BeforeEach
    void probes() {
        control = WallsProbe.in(scratch);
        standard = control.behindFilter(Filter.compile(Profile.DEFAULT.calls()).bytes());
        narrow = control.behindFilter(Filter.compile(builtIn("minimal")).bytes());
    }

    private static CallRules builtIn(String name) {
        return BuiltIns.find(name).orElseThrow().calls();
    }

    private record Attempt(String line) {
        int error() {
            return Objects.requireNonNull(ERRORS.get(line.substring(0, line.indexOf(' '))), line);
        }

        String call() {
            return line.split(" ", -1)[1];
        }

        List<String> words() {
            return numbered(line.substring(line.indexOf(' ') + 1));
        }

        /** The same with bit 32 of every number set. */
        List<String> withHighBits() {
            List<String> words = new ArrayList<>(words());
            for (int i = 1; i < words.size(); i++) {
                if (!words.get(i).contains(":")) {
                    words.set(i, Long.toString(Long.decode(words.get(i)) ^ 1L << 32));
                }
            }
            return words;
        }

        private static List<String> numbered(String text) {
            List<String> words = new ArrayList<>(List.of(text.split(" ", -1)));
            words.set(0, Integer.toString(CallNumbers.of(words.getFirst())));
            return words;
        }
    }

    private static List<Attempt> attempts(String text) {
        return text.lines().map(Attempt::new).toList();
    }

    private static List<Long> results(WallsProbe probe, Stream<List<String>> calls) {
        List<String> arguments = new ArrayList<>();
        calls.forEach(words -> {
            arguments.addAll(words);
            arguments.add(",");
        });
        return probe.run("call", arguments).results();
    }

    private static void assertRefused(List<Attempt> attempts, List<Long> results) {
        for (int i = 0; i < attempts.size(); i++) {
            assertThat(results.get(i))
                    .as(attempts.get(i).line())
                    .isEqualTo(-attempts.get(i).error());
        }
    }

    @Test
    void refusesWhatTheListRefuses() {
        List<Attempt> attempts = attempts(REFUSED);
        List<Long> behind = results(standard, attempts.stream().map(Attempt::words));
        List<Long> without = results(control, attempts.stream().map(Attempt::words));
        assertRefused(attempts, behind);
        Set<String> alike = new TreeSet<>();
        for (int i = 0; i < attempts.size(); i++) {
            if (behind.get(i).equals(without.get(i))) {
                alike.add(attempts.get(i).call());
            }
        }
        // This kernel may be built without them; then its own answer is the filter's
        assertThat(alike)
                .isSubsetOf(
                        "memfd_secret",
                        "ustat",
                        "modify_ldt",
                        "lsm_get_self_attr",
                        "lsm_set_self_attr",
                        "lsm_list_modules",
                        "statmount",
                        "listmount",
                        "process_mrelease");
    }

    @Test
    void theAttemptsCoverEveryRefusedCall() {
        Set<String> tried = new HashSet<>();
        attempts(REFUSED).forEach(attempt -> tried.add(attempt.call()));
        attempts(CONDITIONAL).forEach(attempt -> tried.add(attempt.call()));
        Decisions.of(Profile.DEFAULT.calls()).forEach((number, decision) -> {
            boolean allowed = decision.equals(Decision.always(Verdict.Plain.ALLOW));
            String call = CallNumbers.names().get(number);
            if (!allowed && !triedElsewhere().contains(call)) {
                assertThat(tried).as("a test tries the refused call %s", call).contains(call);
            }
        });
    }

    /** The control would write back the host's disks; it is not needed, sync(2) is "always successful". */
    @Test
    void doesNotSyncTheHost() {
        List<String> sync = List.of(Integer.toString(CallNumbers.of("sync")));
        assertThat(results(standard, Stream.of(sync))).containsExactly(-(long) Errno.EPERM);
    }

    /** ENOSYS on every kernel we run on, the kernel's own, sync, the core limit, ids: see the tests beside. */
    private static Set<String> triedElsewhere() {
        Set<String> gone = new HashSet<>(Set.of(
                "set_thread_area",
                "get_thread_area",
                "lookup_dcookie",
                "uretprobe",
                "uprobe",
                "sysfs",
                "sync",
                "setrlimit"));
        TAKES_THE_GUESTS_ID.forEach(call -> gone.add(call.split(" ", -1)[0]));
        gone.addAll(Objects.requireNonNull(CallNames.groups().get("@gone")).refused());
        return gone;
    }

    @Test
    void refusesByArgument() {
        List<Attempt> attempts = attempts(CONDITIONAL);
        List<Long> behind = results(standard, attempts.stream().map(Attempt::words));
        List<Long> without = results(control, attempts.stream().map(Attempt::words));
        assertRefused(attempts, behind);
        for (int i = 0; i < attempts.size(); i++) {
            assertThat(without.get(i)).as("control: %s", attempts.get(i).line()).isNotEqualTo(behind.get(i));
        }
    }

    @Test
    void refusesByArgumentWhateverTheHighHalfHolds() {
        List<Attempt> attempts = attempts(CONDITIONAL);
        List<Long> behind = results(standard, attempts.stream().map(Attempt::withHighBits));
        assertRefused(attempts, behind);
    }

    @Test
    void letsPassWhatStandsBesideTheRefused() {
        List<List<String>> calls = PASSES.lines().map(Attempt::numbered).toList();
        List<Long> behind = results(standard, calls.stream());
        List<Long> without = results(control, calls.stream());
        for (int i = 0; i < calls.size(); i++) {
            assertThat(behind.get(i)).as("%s", calls.get(i)).isEqualTo(without.get(i));
        }
    }

    @Test
    void narrowTakesMoreAway() {
        List<Attempt> attempts = attempts("""
                ENOSYS shmget 0 -1 0
                ENOSYS msgget 0 -1
                ENOSYS semget 0 -1 0
                EPROTONOSUPPORT socket 16 3 0
                EPERM adjtimex 0
                EPERM clock_adjtime 99 0""");
        List<Long> behind = results(narrow, attempts.stream().map(Attempt::words));
        List<Long> without = results(control, attempts.stream().map(Attempt::words));
        assertRefused(attempts, behind);
        assertThat(without).doesNotContain(-(long) Errno.ENOSYS);
        assertThat(behind).doesNotContainAnyElementsOf(without);
    }

    @Test
    void debuggingLetsTheDebuggersPass() {
        WallsProbe debugging =
                control.behindFilter(Filter.compile(builtIn("development")).bytes());
        List<List<String>> calls = Stream.of(
                        "ptrace 99999 -1 0 0", "process_vm_readv -1 0 0 0 0 0", "personality 0x40000")
                .map(Attempt::numbered)
                .toList();
        assertThat(results(debugging, calls.stream())).isEqualTo(results(control, calls.stream()));
        assertThat(results(standard, calls.stream())).containsOnly(-(long) Errno.EPERM);
    }

    /** AF_MAX is 46; what this kernel has among the refused is refused, and packet and vsock prove that some is. */
    @Test
    void opensSocketsOfFourFamiliesOnly() {
        List<List<String>> calls = Stream.iterate(0, family -> family < 64, family -> family + 1)
                .flatMap(family -> Stream.of("1", "2", "3", "5")
                        .map(type -> Attempt.numbered("socket " + family + " " + type + " 0")))
                .toList();
        List<Long> behind = results(standard, calls.stream());
        List<Long> without = results(control, calls.stream());
        for (int i = 0; i < calls.size(); i++) {
            if (!Set.of("1", "2", "10", "16").contains(calls.get(i).get(1))) {
                assertThat(behind.get(i)).as("%s", calls.get(i)).isEqualTo(-Errno.EAFNOSUPPORT);
            }
        }
        assertThat(without.stream().filter(result -> result >= 0).count())
                .isGreaterThan(behind.stream().filter(result -> result >= 0).count());
    }

    /** Every way to set it: the old call, the new one, with a pointer whose low half is 0, and with the old limit. */
    @Test
    void theCoreLimitStaysOne() {
        assertThat(control.run("core").out()).as("control").isEqualTo("0 0\n0 0\n0 0\n0 0\n");
        for (Profile profile : BuiltIns.all()) {
            WallsProbe probe =
                    control.behindFilter(Filter.compile(profile.calls()).bytes());
            assertThat(probe.run("core").out()).as(profile.name()).isEqualTo("0 1\n0 1\n0 1\n-1 1\n");
        }
    }

    private static final List<String> TAKES_THE_GUESTS_ID = List.of(
            "setuid 65533",
            "setgid 65533",
            "setreuid 65533 -1",
            "setreuid -1 65533",
            "setregid 65533 -1",
            "setregid -1 65533",
            "setresuid 65533 -1 -1",
            "setresuid -1 65533 -1",
            "setresuid -1 -1 65533",
            "setresgid 65533 -1 -1",
            "setresgid -1 65533 -1",
            "setresgid -1 -1 65533",
            "setfsuid 65533",
            "setfsgid 65533");

    /** The probe is root, who may take every id. Each in a process of its own, because the control does take it. */
    @Test
    void nobodyTakesTheGuestsId() {
        for (String call : TAKES_THE_GUESTS_ID) {
            Attempt attempt = new Attempt("EPERM " + call);
            assertThat(results(control, Stream.of(attempt.words())))
                    .as("control: %s", call)
                    .containsExactly(0L);
            for (Profile profile : BuiltIns.all()) {
                WallsProbe probe =
                        control.behindFilter(Filter.compile(profile.calls()).bytes());
                assertRefused(
                        List.of(attempt, attempt), results(probe, Stream.of(attempt.words(), attempt.withHighBits())));
            }
        }
    }

    @Test
    void everyOtherIdIsTaken() {
        for (String call : TAKES_THE_GUESTS_ID) {
            for (String other : List.of("-1", "0", "1000", "65532", "65534")) {
                List<String> words = Attempt.numbered(call.replace("65533", other));
                assertThat(results(standard, Stream.of(words)))
                        .as("%s", words)
                        .isEqualTo(results(control, Stream.of(words)))
                        .doesNotContain(-(long) Errno.EPERM);
            }
        }
    }

    /** dev.tty.legacy_tiocsti and CAP_SYS_ADMIN decide on a new kernel; the probe runs as root, so the control works. */
    @Test
    void noCharacterIsPushedIntoATerminal() {
        for (String command : List.of("0x5412", "0x100005412", "0x8000000000005412")) {
            assertThat(control.run("inject", command).results())
                    .as("control %s", command)
                    .containsExactly(0L, 1L);
            assertThat(standard.run("inject", command).results()).as(command).containsExactly(-(long) Errno.EPERM, 0L);
        }
    }

    @Test
    void x32IsNotImplemented() {
        List<String> getpid = List.of(Long.toString(39 | X32_BIT));
        assertThat(results(standard, Stream.of(getpid))).containsExactly(-(long) Errno.ENOSYS);
        assertThat(results(standard, Stream.of(List.of("39"))).getFirst()).isPositive();
    }

    @Test
    void aCallOf32BitsKills() {
        WallsProbe.Outcome without = control.run("int80", "20");
        assertThat(without.exit()).as("control").isZero();
        assertThat(standard.run("int80", "20").exit()).isEqualTo(KILLED_BY_SIGSYS);
    }

    @Test
    void callsNewerThanTheListAreNotImplemented() {
        List<List<String>> calls = Stream.of(400, 470, 471, 500, 600, 100_000, -1)
                .map(number -> List.of(Integer.toString(number)))
                .toList();
        assertThat(results(standard, calls.stream())).containsOnly(-(long) Errno.ENOSYS);
    }

    /**
     * Newer kernels ask no filter about these two (kernel/seccomp.c), so that a filter cannot break the host's probes.
     * Outside of a probe's trampoline they do nothing: ENXIO and SIGILL.
     */
    @Test
    void theKernelsOwnProbeCallsDoNothing() {
        List<String> uretprobe = List.of(Integer.toString(CallNumbers.of("uretprobe")));
        WallsProbe.Outcome outcome = standard.run("call", uretprobe);
        assertThat(outcome.exit() == KILLED_BY_SIGILL || outcome.results().equals(List.of(-(long) Errno.ENOSYS)))
                .as("%s", outcome)
                .isTrue();
        List<String> uprobe = List.of(Integer.toString(CallNumbers.of("uprobe")));
        assertThat(results(standard, Stream.of(uprobe)).getFirst()).isIn(-(long) Errno.ENOSYS, -(long) Errno.ENXIO);
    }

    @Test
    void theGuestLivesBehindEveryFilter() {
        assertThat(control.run("guest").out()).isEqualTo("alive\n");
        for (Profile profile : BuiltIns.all()) {
            WallsProbe.Outcome outcome = control.behindFilter(
                            Filter.compile(profile.calls()).bytes())
                    .run("guest");
            assertThat(outcome.out())
                    .as("%s: %s", profile.name(), outcome.err())
                    .isEqualTo("alive\n");
        }
    }
}
