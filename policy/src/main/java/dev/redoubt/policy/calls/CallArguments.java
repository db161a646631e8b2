package dev.redoubt.policy.calls;

import dev.redoubt.protocol.Condition;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The arguments that a condition of a profile may look at: numbers in registers, whose meaning is all in their low 32 bits.
 *
 * <p>Everything else is a pointer or means nothing without one. What a pointer leads to, a path or an address, can be
 * changed by another thread after the filter has looked, so no rule about it could hold; seccomp(2) cannot even read it.
 */
public final class CallArguments {
    private static final int ALL_BITS = -1;

    /**
     * One argument by the name that its manual page gives it.
     *
     * @param index 0 to 5
     * @param mask the bits that a comparison looks at; others, such as SOCK_CLOEXEC of a type, are flags beside it
     * @param constants the names that its values have
     */
    public record Named(String name, int index, int mask, Map<String, Integer> constants) {
        public Named {
            constants = Collections.unmodifiableMap(new LinkedHashMap<>(constants));
        }

        /** The value of a constant's name or of a number, decimal or 0x; none when it is neither or too large. */
        public Optional<Integer> value(String text) {
            Integer constant = constants.get(text);
            if (constant != null) {
                return Optional.of(constant);
            }
            if (!text.matches("-?[0-9]{1,10}|0x[0-9a-fA-F]{1,8}")) {
                return Optional.empty();
            }
            long number = Long.decode(text.startsWith("0x") ? text : text.replaceFirst("^(-?)0+(?=.)", "$1"));
            boolean fits = number >= Integer.MIN_VALUE && number <= 0xffff_ffffL;
            return fits ? Optional.of((int) number) : Optional.empty();
        }

        /** The name of a value, or the number when it has none. */
        public String nameOf(int value) {
            return constants.entrySet().stream()
                    .filter(constant -> constant.getValue() == value)
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElse(value < 0 ? "0x" + Integer.toHexString(value) : Integer.toString(value));
        }

        /** The condition that it is one of these values. */
        public Condition.Test oneOf(SortedSet<Integer> values) {
            return new Condition.OneOf(mask, values);
        }
    }

    private static final Map<String, Integer> FAMILIES = constants(
            "AF_UNIX",
            1,
            "AF_INET",
            2,
            "AF_INET6",
            10,
            "AF_NETLINK",
            16,
            "AF_PACKET",
            17,
            "AF_ALG",
            38,
            "AF_VSOCK",
            40);

    private static final Map<String, Integer> SOCKET_TYPES =
            constants("SOCK_STREAM", 1, "SOCK_DGRAM", 2, "SOCK_RAW", 3, "SOCK_SEQPACKET", 5);

    private static final Map<String, Integer> FILE_TYPES =
            constants("S_IFREG", 0x8000, "S_IFIFO", 0x1000, "S_IFSOCK", 0xc000, "S_IFCHR", 0x2000, "S_IFBLK", 0x6000);

    private static final Map<String, Integer> MODE_BITS =
            constants("S_ISUID", 04000, "S_ISGID", 02000, "S_ISVTX", 01000);

    private static final Map<String, Integer> CLONE_FLAGS = constants(
            "CLONE_VM",
            0x100,
            "CLONE_FS",
            0x200,
            "CLONE_FILES",
            0x400,
            "CLONE_SIGHAND",
            0x800,
            "CLONE_VFORK",
            0x4000,
            "CLONE_PARENT",
            0x8000,
            "CLONE_THREAD",
            0x10000,
            "CLONE_NEWNS",
            0x20000,
            "CLONE_NEWCGROUP",
            0x2000000,
            "CLONE_NEWUTS",
            0x4000000,
            "CLONE_NEWIPC",
            0x8000000,
            "CLONE_NEWUSER",
            0x10000000,
            "CLONE_NEWPID",
            0x20000000,
            "CLONE_NEWNET",
            0x40000000);

    /** 0 is whoever asks. */
    private static final Named PID = new Named("pid", 0, ALL_BITS, Map.of());

    private static final Map<String, Integer> TRACE_REQUESTS = constants(
            "PTRACE_TRACEME",
            0,
            "PTRACE_PEEKTEXT",
            1,
            "PTRACE_PEEKDATA",
            2,
            "PTRACE_PEEKUSER",
            3,
            "PTRACE_POKETEXT",
            4,
            "PTRACE_POKEDATA",
            5,
            "PTRACE_POKEUSER",
            6,
            "PTRACE_CONT",
            7,
            "PTRACE_KILL",
            8,
            "PTRACE_SINGLESTEP",
            9,
            "PTRACE_GETREGS",
            12,
            "PTRACE_SETREGS",
            13,
            "PTRACE_ATTACH",
            16,
            "PTRACE_DETACH",
            17,
            "PTRACE_SYSCALL",
            24,
            "PTRACE_SETOPTIONS",
            0x4200,
            "PTRACE_GETEVENTMSG",
            0x4201,
            "PTRACE_GETSIGINFO",
            0x4202,
            "PTRACE_SETSIGINFO",
            0x4203,
            "PTRACE_GETREGSET",
            0x4204,
            "PTRACE_SETREGSET",
            0x4205,
            "PTRACE_SEIZE",
            0x4206);

    private static final SortedMap<String, List<Named>> BY_CALL = new TreeMap<>(Map.ofEntries(
            call(
                    "socket",
                    new Named("domain", 0, ALL_BITS, FAMILIES),
                    new Named("type", 1, 0xf, SOCKET_TYPES),
                    new Named("protocol", 2, ALL_BITS, constants("IPPROTO_TCP", 6, "IPPROTO_UDP", 17))),
            call("clone", new Named("flags", 0, ALL_BITS, CLONE_FLAGS)),
            call("personality", new Named("persona", 0, ALL_BITS, constants("ADDR_NO_RANDOMIZE", 0x40000))),
            call("ptrace", new Named("op", 0, ALL_BITS, TRACE_REQUESTS)),
            call(
                    "memfd_create",
                    new Named(
                            "flags",
                            1,
                            ALL_BITS,
                            constants(
                                    "MFD_CLOEXEC",
                                    1,
                                    "MFD_ALLOW_SEALING",
                                    2,
                                    "MFD_HUGETLB",
                                    4,
                                    "MFD_NOEXEC_SEAL",
                                    8,
                                    "MFD_EXEC",
                                    16))),
            call("sched_setparam", PID),
            call("sched_setaffinity", PID),
            call("sched_setattr", PID),
            call(
                    "setpriority",
                    new Named("which", 0, ALL_BITS, constants("PRIO_PROCESS", 0, "PRIO_PGRP", 1, "PRIO_USER", 2)),
                    new Named("who", 1, ALL_BITS, Map.of())),
            call(
                    "ioprio_set",
                    new Named(
                            "which",
                            0,
                            ALL_BITS,
                            constants("IOPRIO_WHO_PROCESS", 1, "IOPRIO_WHO_PGRP", 2, "IOPRIO_WHO_USER", 3)),
                    new Named("who", 1, ALL_BITS, Map.of())),
            call(
                    "sched_setscheduler",
                    PID,
                    new Named(
                            "policy",
                            1,
                            ALL_BITS,
                            constants(
                                    "SCHED_OTHER",
                                    0,
                                    "SCHED_FIFO",
                                    1,
                                    "SCHED_RR",
                                    2,
                                    "SCHED_BATCH",
                                    3,
                                    "SCHED_IDLE",
                                    5))),
            call("mknod", new Named("mode", 1, 0xf000, FILE_TYPES)),
            call("mknodat", new Named("mode", 2, 0xf000, FILE_TYPES)),
            call("chmod", new Named("mode", 1, ALL_BITS, MODE_BITS)),
            call("fchmod", new Named("mode", 1, ALL_BITS, MODE_BITS)),
            call("fchmodat", new Named("mode", 2, ALL_BITS, MODE_BITS)),
            call("fchmodat2", new Named("mode", 2, ALL_BITS, MODE_BITS)),
            call(
                    "renameat2",
                    new Named(
                            "flags",
                            4,
                            ALL_BITS,
                            constants("RENAME_NOREPLACE", 1, "RENAME_EXCHANGE", 2, "RENAME_WHITEOUT", 4)))));

    private static final Set<String> PATHS =
            Set.of("path", "pathname", "filename", "file", "oldpath", "newpath", "name");
    private static final Set<String> ADDRESSES = Set.of("address", "addr", "sockaddr", "host", "ip", "port", "msg");
    private static final Set<String> RUNS = Set.of("execve", "execveat");
    private static final Set<String> IN_MEMORY = Set.of("clone3", "openat2");

    private CallArguments() {}

    /** The arguments of a call that a condition may look at. */
    public static List<Named> of(String call) {
        return BY_CALL.getOrDefault(call, List.of());
    }

    /**
     * The argument of this number.
     *
     * @throws IllegalArgumentException when no condition may look at it
     */
    public static Named at(String call, int index) {
        return of(call).stream()
                .filter(argument -> argument.index() == index)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("argument " + index + " of " + call));
    }

    /** Why no condition may look at this argument, and what to do instead. */
    public static String whyNot(String call, String argument) {
        if (RUNS.contains(call)) {
            return "a rule about the " + argument + " of " + call
                    + " cannot hold: it lies in memory, where another thread"
                    + " changes it between the check and the call; hide the program (filesystem.hidden) instead";
        }
        if (PATHS.contains(argument)) {
            return "a rule about the " + argument + " of " + call
                    + " cannot hold: it lies in memory, where another thread"
                    + " changes it between the check and the call; filesystem: readonly, writable and hidden hold for"
                    + " every call";
        }
        if (ADDRESSES.contains(argument)) {
            return "a rule about the " + argument + " of " + call
                    + " cannot hold: it lies in memory, where another thread"
                    + " changes it between the check and the call; what may be reached is the network mode's to say";
        }
        if (IN_MEMORY.contains(call)) {
            return "the arguments of " + call + " lie in memory, where no filter can look";
        }
        List<Named> possible = of(call);
        return possible.isEmpty()
                ? "no argument of " + call + " can be decided by its register alone"
                : "'" + argument + "' of " + call + " cannot be decided by its register; of this call these can: "
                        + possible.stream().map(Named::name).collect(Collectors.joining(", "));
    }

    private static Map.Entry<String, List<Named>> call(String name, Named... arguments) {
        CallNumbers.of(name);
        return Map.entry(name, List.of(arguments));
    }

    private static Map<String, Integer> constants(Object... namesAndValues) {
        Map<String, Integer> constants = new LinkedHashMap<>();
        for (List<Object> pair : pairs(namesAndValues)) {
            constants.put((String) pair.get(0), (Integer) pair.get(1));
        }
        return constants;
    }

    private static List<List<Object>> pairs(Object... flat) {
        return java.util.stream.IntStream.range(0, flat.length / 2)
                .mapToObj(i -> Arrays.asList(flat).subList(2 * i, 2 * i + 2))
                .toList();
    }
}
