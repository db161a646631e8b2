package dev.redoubt.node.walls.report;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.Landlock;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.MountInfo;
import dev.redoubt.linux.NetworkNamespace;
import dev.redoubt.linux.PidNamespace;
import dev.redoubt.linux.Pidfd;
import dev.redoubt.node.cgroup.HeldLimits;
import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.node.label.AppArmor;
import dev.redoubt.node.label.Selinux;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.SandboxId;
import dev.redoubt.protocol.Size;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Reads the walls of one sandbox back from the kernel, from outside: no process is stopped and none is started.
 *
 * <p>A job begins as a fork of process 1 and drops what that has step by step, and may end at any moment; whoever built the
 * sandbox is in its control group until it has told that it runs. So whatever is not as asked is read again, and only what is
 * still so is reported.
 */
public final class WallsReader {
    /** Milliseconds before each further reading; on a busy host whoever is about to end takes its time. */
    private static final List<Integer> PAUSES = List.of(3, 12, 48);

    /** Above loopback there is nothing in the modes that are built. */
    private static final Set<String> LOOPBACK = Set.of("lo");

    private static final Set<String> LOOPBACK_ADDRESSES = Set.of("127.0.0.1", "00000000000000000000000000000001");
    private static final String SANDBOX = "sandbox";
    private static final String GUEST = "guest";
    private static final int FILTER_MODE = 2;
    private static final int SHORT_HASH = 12;
    private static final long SIGKILL = 1L << 8;

    private final SandboxId id;
    private final IdRange ids;
    private final SandboxCgroup group;
    private final Fd pidfd;
    private final Fd network;
    private final Asked asked;

    /**
     * Of a sandbox.
     *
     * @param pidfd of its process 1; stays the caller's, as {@code network} does
     * @param network its network namespace
     */
    public WallsReader(SandboxId id, IdRange ids, SandboxCgroup group, Fd pidfd, Fd network, Asked asked) {
        this.id = id;
        this.ids = ids;
        this.group = group;
        this.pidfd = pidfd;
        this.network = network;
        this.asked = asked;
    }

    public Asked asked() {
        return asked;
    }

    /**
     * What is in force now. Any thread; takes milliseconds.
     *
     * @throws GoneException when the sandbox has ended
     */
    public WallsReport read() {
        WallsReport report = readOnce();
        for (int pause : PAUSES) {
            if (report.verdict() == Verdict.AS_ASKED) {
                return report;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(pause));
            report = readOnce();
        }
        return report;
    }

    /** A sandbox that has ended has no walls. */
    public static final class GoneException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        GoneException() {
            super("the sandbox has ended");
        }
    }

    /** Our number of the process whose end is the sandbox's. */
    private int first() {
        return Pidfd.number(pidfd).orElseThrow(GoneException::new);
    }

    /** Whether process 1 has been sent SIGKILL and has not taken it yet. */
    boolean isKilled() {
        StatusFields status = new StatusFields(LinuxFiles.readOnce("/proc/" + first() + "/status"));
        return ((status.mask("SigPnd") | status.mask("ShdPnd")) & SIGKILL) != 0;
    }

    private WallsReport readOnce() {
        return asked.hasKernelOfItsOwn() ? readAroundItsKernel() : readContainer();
    }

    private WallsReport readAroundItsKernel() {
        Instant at = Instant.now();
        int kernel = first();
        Sections sections = new Sections();
        ProcessTable table = ProcessTable.ofGroup(kernel, ids, group);
        OwnKernelWalls.ofProcesses(sections, table, (to, of, facts) -> {
            syscalls(to, of, facts);
            membership(to, of, facts);
        });
        ofStrangers(sections, table);
        OwnKernelWalls.ofFileTree(sections, kernel);
        sections.attempt(Wall.LIMITS, SANDBOX, "values", "read", () -> limits(sections, group.readBack()));
        sections.attempt(Wall.NETWORK, SANDBOX, "network", "read", () -> reachable(sections, NetworkFacts.of(kernel)));
        OwnKernelWalls.summarise(sections, table);
        boolean frozen = group.isFrozen();
        first(); // only now is it sure that all of it was about this sandbox
        return report(at, table, frozen, sections.some());
    }

    private WallsReport report(Instant at, ProcessTable table, boolean frozen, List<WallFindings> walls) {
        return new WallsReport(
                id,
                at,
                asked.driver(),
                Kernel.RELEASE,
                asked.profile(),
                asked.sharedKernelAccepted(),
                table.count(),
                frozen,
                walls,
                List.of());
    }

    private WallsReport readContainer() {
        Instant at = Instant.now();
        try (PidNamespace processes = PidNamespace.of(pidfd).orElseThrow(GoneException::new)) {
            int guest = processes.init().orElseThrow(GoneException::new);
            Sections sections = new Sections();
            ProcessTable table = ProcessTable.of(guest, processes, ids, group);
            ofGuest(sections, guest, table);
            table.groups().forEach((facts, of) -> ofJobs(sections, facts, of, table));
            ofStrangers(sections, table);
            ofSandbox(sections, guest);
            summarise(sections, table);
            boolean frozen = group.isFrozen();
            if (processes.init().isEmpty()) { // only now is it sure that all of it was about this sandbox
                throw new GoneException();
            }
            return report(at, table, frozen, sections.all());
        }
    }

    /** It does not change while we run. */
    private static final class Kernel {
        static final String RELEASE = LinuxFiles.readOnce("/proc/sys/kernel/osrelease");

        private Kernel() {}
    }

    // --- process 1 ---

    private void ofGuest(Sections sections, int guest, ProcessTable table) {
        String map = "0 " + ids.base() + " " + IdRange.SIZE;
        for (String file : List.of("uid_map", "gid_map")) {
            sections.attempt(
                    Wall.IDS,
                    GUEST,
                    file,
                    map,
                    () -> words(LinuxFiles.readOnce("/proc/" + guest + "/" + file)),
                    map::equals);
        }
        sections.attempt(Wall.NAMESPACES, GUEST, "namespaces", "its own", () -> namespaces(sections, table));
        capabilities(sections, table.guest());
        syscalls(sections, GUEST, table.guest());
        label(sections, GUEST, table.guest());
        identity(sections, table.guest());
        membership(sections, GUEST, table.guest());
        rlimits(sections, GUEST, table.guest());
        sections.recorded(
                Wall.SYSCALLS,
                GUEST,
                "filter",
                "sha256:" + asked.calls().sha256() + ", " + asked.calls().size() + " instructions");
        landlock(sections);
        sections.attempt(Wall.DESCRIPTORS, GUEST, "open", "known kinds", () -> descriptors(sections, guest));
        sections.attempt(
                Wall.RLIMITS,
                GUEST,
                "oom_score_adj",
                "0 or more",
                () -> Integer.valueOf(LinuxFiles.readOnce("/proc/" + guest + "/oom_score_adj")),
                value -> value >= 0);
    }

    private static String words(String text) {
        return String.join(" ", text.strip().split("\\s+", -1));
    }

    private void namespaces(Sections sections, ProcessTable table) {
        Namespaces own = table.guest().namespaces();
        List<String> shared = own.sharedWith(Namespaces.of("self"));
        for (String kind : Namespaces.KINDS) {
            sections.read(
                    Wall.NAMESPACES,
                    GUEST,
                    kind,
                    "its own",
                    own.name(kind) + (shared.contains(kind) ? ", the host's" : ""),
                    !shared.contains(kind),
                    Verdict.MISSING);
        }
    }

    private void identity(Sections sections, ProcessFacts guest) {
        String user = Integer.toString(asked.guestUser());
        sections.read(Wall.IDS, GUEST, "user", user, guest.uid(), guest.uid().equals(user));
        sections.read(Wall.IDS, GUEST, "group", user, guest.gid(), guest.gid().equals(user));
    }

    private void capabilities(Sections sections, ProcessFacts guest) {
        capability(sections, GUEST, "inheritable", 0, guest.inheritable());
        capability(sections, GUEST, "permitted", asked.guestCapabilities(), guest.permitted());
        capability(sections, GUEST, "effective", asked.guestCapabilities(), guest.effective());
        capability(sections, GUEST, "bounding", asked.guestCapabilities(), guest.bounding());
        capability(sections, GUEST, "ambient", 0, guest.ambient());
    }

    private static void capability(Sections sections, String of, String set, long most, long found) {
        sections.read(
                Wall.CAPABILITIES,
                of,
                set,
                most == 0 ? "none" : "at most " + Asked.words(most),
                Asked.words(found),
                (found & ~most) == 0);
    }

    private void landlock(Sections sections) {
        sections.attempt(Wall.LANDLOCK, GUEST, "domain", "entered", () -> {
            try (Fd witness = Pidfd.descriptorOf(pidfd, asked.witness())) {
                boolean inside = Landlock.withholdsIoctl(witness);
                sections.summary(
                        Wall.LANDLOCK,
                        (inside ? "domain entered" : "no domain") + ", "
                                + asked.files().size() + " rules recorded as "
                                + asked.files().sha256().substring(0, SHORT_HASH));
                sections.read(
                        Wall.LANDLOCK,
                        GUEST,
                        "domain",
                        "entered",
                        inside ? "entered: ioctl of its witness is withheld" : "none: ioctl of its witness passes",
                        inside,
                        Verdict.MISSING);
            }
        });
        sections.recorded(
                Wall.LANDLOCK,
                GUEST,
                "rules",
                "sha256:" + asked.files().sha256() + ", " + asked.files().size() + " rules");
    }

    private void descriptors(Sections sections, int guest) {
        DescriptorKinds kinds = DescriptorKinds.of(guest);
        SortedSet<String> strange = new TreeSet<>(kinds.counts().keySet());
        strange.removeAll(asked.descriptors());
        sections.read(
                Wall.DESCRIPTORS,
                GUEST,
                "open",
                "only " + String.join(", ", asked.descriptors()),
                kinds.words(),
                strange.isEmpty());
        sections.summary(Wall.DESCRIPTORS, kinds.words());
    }

    // --- jobs ---

    private void ofJobs(Sections sections, ProcessFacts facts, String of, ProcessTable table) {
        List<String> other = new ArrayList<>(Namespaces.KINDS);
        other.removeAll(facts.namespaces().sharedWith(table.guest().namespaces()));
        sections.read(
                Wall.NAMESPACES,
                of,
                "namespaces",
                "process 1's",
                other.isEmpty() ? "process 1's" : "others: " + String.join(" ", other),
                other.isEmpty(),
                Verdict.MISSING);
        sections.read(
                Wall.IDS,
                of,
                "user and group",
                "of the sandbox's range",
                facts.uid() + " and " + facts.gid(),
                facts.isInside(),
                Verdict.MISSING);
        // A fork of process 1 that is about to become a job; nobody else inside can have its user
        boolean becoming = !asked.isSingle() && facts.uid().equals(Integer.toString(asked.guestUser()));
        long most = becoming ? asked.guestCapabilities() : asked.jobCapabilities();
        capability(sections, of, "inheritable", most, facts.inheritable());
        capability(sections, of, "permitted", most, facts.permitted());
        capability(sections, of, "effective", most, facts.effective());
        capability(sections, of, "bounding", most, facts.bounding());
        capability(sections, of, "ambient", most, facts.ambient());
        syscalls(sections, of, facts);
        label(sections, of, facts);
        membership(sections, of, facts);
        rlimits(sections, of, facts);
    }

    private static void syscalls(Sections sections, String of, ProcessFacts facts) {
        sections.read(
                Wall.SYSCALLS,
                of,
                "no_new_privs",
                "1",
                facts.noNewPrivileges() ? "1" : "0",
                facts.noNewPrivileges(),
                Verdict.MISSING);
        sections.read(
                Wall.SYSCALLS,
                of,
                "seccomp mode",
                "2, filter",
                Integer.toString(facts.seccomp()),
                facts.seccomp() == FILTER_MODE,
                Verdict.MISSING);
        sections.read(
                Wall.SYSCALLS,
                of,
                "filters",
                "1 or more",
                Integer.toString(facts.filters()),
                facts.filters() >= 1,
                Verdict.MISSING);
    }

    /** Where none was asked for, a label of somebody else's is none of ours to judge. */
    private void label(Sections sections, String of, ProcessFacts facts) {
        String wanted = asked.label().isEmpty() ? "none" : AppArmor.enforced(asked.label());
        String found = facts.label().isEmpty() ? "none" : facts.label();
        boolean none = facts.label().isEmpty() || AppArmor.isUnconfined(found);
        sections.read(
                Wall.LABELS,
                of,
                "AppArmor",
                wanted,
                found,
                asked.label().isEmpty() || found.equals(wanted),
                none ? Verdict.MISSING : Verdict.WEAKER);
        context(sections, of, facts);
    }

    /** The level is that of the sandbox's ids: the next node knows it, too. A permissive kernel has labels and refuses nothing. */
    private void context(Sections sections, String of, ProcessFacts facts) {
        if (asked.domain().isEmpty() && facts.context().isEmpty()) {
            return;
        }
        String wanted = asked.domain().isEmpty() ? "none" : Selinux.contextOf(asked.domain(), ids);
        String found = facts.context().isEmpty() ? "none" : facts.context();
        boolean ours = found.startsWith(Selinux.DOMAIN + ":") || found.startsWith(Selinux.TRACING_DOMAIN + ":");
        sections.read(
                Wall.LABELS,
                of,
                "SELinux",
                wanted,
                Selinux.isEnforcing() ? found : found + " (permissive)",
                asked.domain().isEmpty() || (found.equals(wanted) && Selinux.isEnforcing()),
                ours ? Verdict.WEAKER : Verdict.MISSING);
    }

    private void membership(Sections sections, String of, ProcessFacts facts) {
        sections.read(
                Wall.LIMITS,
                of,
                "control groups",
                group.name(),
                facts.outside().isEmpty() ? group.name() : "outside for " + String.join(" ", facts.outside()),
                facts.outside().isEmpty(),
                Verdict.MISSING);
    }

    /** Process 1 raises its own soft limit of open files; only what is harder than asked is asked for. */
    private void rlimits(Sections sections, String of, ProcessFacts facts) {
        for (Asked.Rlimit limit : asked.rlimits()) {
            ProcessFacts.Limit found = facts.limits().get(Rlimits.name(limit.resource()));
            sections.read(
                    Wall.RLIMITS,
                    of,
                    Rlimits.name(limit.resource()),
                    "at most " + number(limit.hard()),
                    found == null ? "not shown" : number(found.hard()),
                    found != null && Long.compareUnsigned(found.hard(), limit.hard()) <= 0);
        }
    }

    private static String number(long limit) {
        return limit == -1 ? "unlimited" : Long.toString(limit);
    }

    /** What was there and could not be read; what has ended meanwhile is not among them. */
    private static void ofStrangers(Sections sections, ProcessTable table) {
        table.unread()
                .forEach((of, why) -> sections.add(
                        Wall.NAMESPACES,
                        new Finding(of, "process", "read", "not read: " + why, Verdict.WEAKER, Proof.READ)));
    }

    // --- the sandbox as a whole ---

    private void ofSandbox(Sections sections, int guest) {
        sections.attempt(Wall.LIMITS, SANDBOX, "values", "read", () -> limits(sections, group.readBack()));
        sections.attempt(Wall.MOUNTS, SANDBOX, "mounts", "read", () -> mounts(sections, guest));
        sections.attempt(Wall.NETWORK, SANDBOX, "network", "read", () -> network(sections, guest));
    }

    private void limits(Sections sections, HeldLimits held) {
        long memory = asked.memory().bytes();
        String bytes = "at most " + memory + " bytes";
        long most = held.memory().map(size -> size.bytes()).orElse(Long.MAX_VALUE);
        long swap = held.memoryAndSwap().map(size -> size.bytes()).orElse(Long.MAX_VALUE);
        limit(sections, "memory", bytes, most, memory);
        limit(sections, "memory and swap", bytes, swap, memory);
        limit(
                sections,
                "processor",
                "at most " + asked.cpus() + " processors",
                held.cpus().map(cpus -> (long) cpus.millis()).orElse(Long.MAX_VALUE),
                asked.cpus().millis());
        limit(sections, "pids", "at most " + asked.pids(), held.pids().orElse(Integer.MAX_VALUE), asked.pids());
        boolean io = asked.io().isNone()
                || (!held.io().isEmpty() && held.io().values().stream().allMatch(asked.io()::equals));
        sections.read(
                Wall.LIMITS,
                SANDBOX,
                "i/o",
                asked.io().isNone() ? "no limit" : asked.io().toString(),
                held.io().isEmpty() ? "no limit" : held.io().toString(),
                io,
                held.io().isEmpty() ? Verdict.MISSING : Verdict.WEAKER);
        sections.summary(
                Wall.LIMITS,
                held.memoryAndSwap().map(Size::toString).orElse("any") + " memory and swap, "
                        + held.cpus().map(Cpus::toString).orElse("all") + " cpus, "
                        + (held.pids().isPresent() ? held.pids().getAsInt() : "any number of") + " pids");
    }

    private static void limit(Sections sections, String what, String words, long found, long most) {
        boolean none = found == Long.MAX_VALUE || (what.equals("pids") && found == Integer.MAX_VALUE);
        sections.read(
                Wall.LIMITS,
                SANDBOX,
                what,
                words,
                none ? "no limit" : Long.toString(found),
                found <= most,
                none ? Verdict.MISSING : Verdict.WEAKER);
    }

    private void mounts(Sections sections, int guest) {
        List<MountInfo> mounts = MountInfo.of(guest);
        try (Fd root = LinuxFiles.open("/proc/" + guest + "/root", LinuxFiles.O_PATH | LinuxFiles.O_DIRECTORY)) {
            List<Finding> findings =
                    MountTable.compared(asked.mounts(), mounts, path -> InsideFiles.isThere(root, path));
            sections.addAll(Wall.MOUNTS, findings);
            sections.summary(Wall.MOUNTS, mounts.size() + " mounts, " + summary(mounts));
        }
    }

    private static String summary(List<MountInfo> mounts) {
        long covers = mounts.stream()
                .filter(mount -> mount.point().startsWith("/proc/"))
                .count();
        boolean readOnly = mounts.stream()
                .anyMatch(mount -> mount.point().equals("/") && mount.options().contains("ro"));
        return covers + " of them cover /proc, the root is " + (readOnly ? "read-only" : "writable");
    }

    private void network(Sections sections, int guest) {
        reachable(sections, NetworkFacts.of(guest));
        long own = LinuxFiles.status("/proc/self/ns/user", true).inode();
        long owner = NetworkNamespace.ownerOf(network);
        sections.read(
                Wall.NETWORK,
                SANDBOX,
                "owner",
                "the host's user namespace",
                owner == own ? "the host's user namespace" : "user:[" + owner + "]",
                owner == own,
                Verdict.MISSING);
        sections.recorded(Wall.NETWORK, SANDBOX, "mode", asked.network().toString());
        sections.recorded(Wall.NETWORK, SANDBOX, "packet rules", "none are built yet");
    }

    private void reachable(Sections sections, NetworkFacts facts) {
        only(sections, "interfaces", LOOPBACK, facts.interfaces());
        only(sections, "addresses", LOOPBACK_ADDRESSES, facts.addresses());
        only(sections, "routes", LOOPBACK, facts.routes());
        sections.summary(
                Wall.NETWORK, "mode " + asked.network() + ", interfaces " + String.join(" ", facts.interfaces()));
    }

    private static void only(Sections sections, String what, Set<String> asked, SortedSet<String> found) {
        String words = String.join(" ", new TreeSet<>(asked));
        sections.read(
                Wall.NETWORK,
                SANDBOX,
                what,
                "only " + words,
                found.isEmpty() ? "none" : String.join(" ", found),
                asked.containsAll(found));
    }

    private String labels() {
        List<String> all = new ArrayList<>();
        if (!asked.label().isEmpty()) {
            all.add("AppArmor, " + asked.label());
        }
        if (!asked.domain().isEmpty()) {
            all.add("SELinux, " + Selinux.contextOf(asked.domain(), ids));
        }
        return all.isEmpty() ? "none was asked for" : String.join("; ", all);
    }

    /** In the words of what was found: a summary says nothing that its findings do not. */
    private void summarise(Sections sections, ProcessTable table) {
        List<String> shared = table.guest().namespaces().sharedWith(Namespaces.of("self"));
        sections.summary(
                Wall.NAMESPACES,
                (Namespaces.KINDS.size() - shared.size()) + " of its own, " + table.count()
                        + (table.count() == 1 ? " process" : " processes"));
        sections.summary(Wall.IDS, "uid 0 inside is to be " + ids.base() + " outside");
        sections.summary(Wall.CAPABILITIES, "jobs at most: " + Asked.words(asked.jobCapabilities()));
        sections.summary(
                Wall.SYSCALLS,
                table.guest().filters() + " filter, recorded as "
                        + asked.calls().sha256().substring(0, SHORT_HASH));
        sections.summary(Wall.LABELS, labels());
        sections.summary(Wall.RLIMITS, asked.rlimits().size() + " limits of each process");
    }
}
