package dev.redoubt.policy.profile;

import dev.redoubt.policy.calls.CallArguments;
import dev.redoubt.policy.calls.CallNames;
import dev.redoubt.policy.calls.CallNames.GroupNames;
import dev.redoubt.protocol.CallRule;
import dev.redoubt.protocol.CallRules;
import dev.redoubt.protocol.Condition;
import dev.redoubt.protocol.DeviceName;
import dev.redoubt.protocol.FileRules;
import dev.redoubt.protocol.FileRules.Access;
import dev.redoubt.protocol.InsidePath;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.Layer;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.RuntimeClass;
import dev.redoubt.protocol.Size;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** A profile in words: what is allowed, and which layers hold it. */
public final class Meaning {
    private static final List<Layer> MOUNTS = List.of(Layer.NAMESPACES);
    private static final List<Layer> MOUNTS_AND_LANDLOCK = List.of(Layer.NAMESPACES, Layer.LANDLOCK);
    private static final List<Layer> FILTER = List.of(Layer.SECCOMP);
    private static final List<Layer> GROUPS = List.of(Layer.CGROUPS);

    private final Profile profile;
    private final List<Statement> statements = new ArrayList<>();

    private Meaning(Profile profile) {
        this.profile = profile;
    }

    /** Everything, in the order of the document. */
    public static List<Statement> of(Profile profile) {
        Meaning meaning = new Meaning(profile);
        meaning.runtime();
        meaning.usersAndRoot();
        meaning.network();
        meaning.devices();
        meaning.limits();
        meaning.files();
        meaning.calls();
        meaning.drift();
        return List.copyOf(meaning.statements);
    }

    /** What whoever uses the profile must not overlook. */
    public static List<String> warnings(Profile profile) {
        return traces(profile)
                ? List.of(
                        "PTRACE IS ALLOWED: every job reads and writes every other job of the same user in the sandbox")
                : List.of();
    }

    private static boolean traces(Profile profile) {
        CallRules calls = profile.calls();
        return calls.groups().contains("@debug") || calls.calls().get("ptrace") instanceof CallRule.Allow;
    }

    private void say(String about, String says, List<Layer> heldBy) {
        statements.add(new Statement(about, says, heldBy));
    }

    private void runtime() {
        String classes = joined(profile.runtimes(), " or ");
        boolean needsKernel = profile.runtimes().stream().noneMatch(RuntimeClass::sharesKernel);
        say("runtime", needsKernel ? classes + ": it needs a kernel of its own" : classes, List.of());
        Set<Layer> extra = EnumSet.noneOf(Layer.class);
        profile.requires().stream().filter(layer -> !layer.isInEverySandbox()).forEach(extra::add);
        say(
                "require",
                extra.isEmpty()
                        ? "the five walls that every sandbox has; without one of them nothing starts"
                        : "the five walls that every sandbox has, and " + joined(extra, " and "),
                List.of());
        if (profile.runtimes().stream().anyMatch(RuntimeClass::sharesKernel)) {
            say(
                    "label",
                    (profile.requires().contains(Layer.APPARMOR) ? "" : "where the host has AppArmor, ")
                            + "every process is refused mounts, raw and packet sockets, and every capability that neither"
                            + " process 1 nor root has" + (traces(profile) ? "" : ", and tracing"),
                    List.of(Layer.APPARMOR));
        }
    }

    private void usersAndRoot() {
        say(
                "users",
                switch (profile.users()) {
                    case SWITCH -> "jobs run as any user of the image, 1000 unless asked otherwise";
                    case SINGLE ->
                        "every job is user 1000; process 1 keeps no capability, so nothing inside changes ids";
                },
                MOUNTS);
        say(
                "root",
                switch (profile.root()) {
                    case NONE -> "a job of uid 0 may do nothing that another user may not";
                    case PACKAGES ->
                        "a job of uid 0 may change owners and ids and pass by permissions (chown, dac_override, fowner,"
                                + " setuid, setgid), in the sandbox's own user namespace only";
                },
                MOUNTS);
    }

    private void network() {
        say(
                "network",
                profile.network() + ", unless the caller asks for another: "
                        + switch (profile.network()) {
                            case NONE -> "loopback inside, nothing in, nothing out";
                            case LOCALHOST -> "loopback inside, its ports may be served, nothing out";
                            case EGRESS -> "out to what rules allow";
                            case INTERNET -> "out to everything but the blocked ranges";
                            case BLOCK -> "out to nothing, by rules";
                        },
                List.of(Layer.NETWORK));
    }

    private void drift() {
        say(
                "on-drift",
                switch (profile.onDrift()) {
                    case REPORT ->
                        "a wall found to be weaker than asked while it runs is reported, and the sandbox runs on";
                    case FREEZE ->
                        "when a wall is found to be weaker than asked while it runs, everything inside is stopped until"
                                + " somebody ends it";
                },
                List.of());
    }

    private void devices() {
        Set<DeviceName> missing = EnumSet.allOf(DeviceName.class);
        missing.removeAll(profile.devices());
        say(
                "devices",
                joined(profile.devices(), ", ") + (missing.isEmpty() ? "" : "; not " + joined(missing, ", "))
                        + "; none can be made",
                List.of(Layer.NAMESPACES, Layer.SECCOMP, Layer.LANDLOCK));
    }

    private void limits() {
        Limits limits = profile.resources().limits();
        say("memory", limits.memory() + ", swap included", GROUPS);
        say("cpus", limits.cpus().toString(), GROUPS);
        say("pids", limits.pids() + " processes and threads", GROUPS);
        say(
                "disk",
                limits.disk() + " written, in at most " + limits.inodes() + " files; held by the file system",
                List.of());
        if (!limits.io().isNone()) {
            say("io", io(limits.io()), GROUPS);
        }
        profile.resources().wall().ifPresent(wall -> say("wall", "ends after " + ProfileText.time(wall), List.of()));
        profile.resources()
                .idle()
                .ifPresent(idle ->
                        say("idle", "ends after " + ProfileText.time(idle) + " without output or input", List.of()));
    }

    private static String io(IoLimits io) {
        List<String> words = new ArrayList<>();
        io.readBps().ifPresent(bps -> words.add(new Size(bps) + " per second read"));
        io.writeBps().ifPresent(bps -> words.add(new Size(bps) + " per second written"));
        io.readIops().ifPresent(count -> words.add(count + " reads per second"));
        io.writeIops().ifPresent(count -> words.add(count + " writes per second"));
        return String.join(", ", words);
    }

    // --- files ---

    private void files() {
        FileRules files = profile.files();
        if (files.readOnlyRoot()) {
            say("/", "readonly, but for /tmp, /run, /var/tmp and /dev/shm, which are in memory", MOUNTS_AND_LANDLOCK);
        } else {
            say("/", "writable, as far as owners and modes let; what is written is the sandbox's own", MOUNTS);
        }
        files.paths().forEach((path, access) -> path(path, access, files));
        if (!files.patterns().isEmpty()) {
            say(
                    "patterns",
                    "cannot be opened, by any name: "
                            + String.join(" ", files.patterns().hidden())
                            + "; every open is asked about, which takes some microseconds. They can still be renamed,"
                            + " linked and executed by who has the right to",
                    FILTER);
        }
    }

    private void path(InsidePath path, Access access, FileRules files) {
        switch (access) {
            case HIDDEN -> say(path.text(), "hidden: an empty file or directory stands there", MOUNTS);
            case WRITABLE ->
                say(
                        path.text(),
                        "writable, as far as owners and modes let",
                        files.readOnlyRoot() ? MOUNTS_AND_LANDLOCK : MOUNTS);
            case READ_ONLY -> {
                boolean landlock = files.readOnlyRoot() && !liesInWritable(path, files);
                say(
                        path.text(),
                        landlock
                                ? "readonly"
                                : "readonly; by mounts alone, because Landlock cannot take back what it grants above",
                        landlock ? MOUNTS_AND_LANDLOCK : MOUNTS);
            }
        }
    }

    private static boolean liesInWritable(InsidePath path, FileRules files) {
        return files.with(Access.WRITABLE).stream().anyMatch(writable -> writable.covers(path));
    }

    // --- system calls ---

    private void calls() {
        CallRules rules = profile.calls();
        SortedSet<String> never = new TreeSet<>();
        for (GroupNames group : CallNames.groups().values()) {
            if (group.isAllowable()) {
                group(group, rules);
            } else {
                never.add(group.name());
            }
        }
        rules.calls().forEach(this::call);
        say("always refused", "in every profile: " + String.join(" ", never) + neverOfOthers(never), FILTER);
        say("always allowed", "process 1 of the sandbox needs: " + String.join(" ", CallNames.ofGuest()), List.of());
        if (!rules.asked().isEmpty()) {
            say("broker", "says why it refused: " + String.join(" ", rules.asked()), FILTER);
        }
    }

    private static String neverOfOthers(Set<String> groups) {
        return CallNames.groups().values().stream()
                .filter(group -> !groups.contains(group.name()))
                .flatMap(group -> group.refused().stream())
                .sorted()
                .collect(Collectors.joining(" ", "; ", ""));
    }

    private void group(GroupNames group, CallRules rules) {
        if (rules.groups().contains(group.name())) {
            String partly = group.allowable().stream()
                    .filter(call -> CallNames.whyPartly(call).isPresent())
                    .collect(Collectors.joining(", "));
            say(
                    group.name(),
                    "allowed: " + group.purpose() + (partly.isEmpty() ? "" : "; looked at by argument: " + partly),
                    FILTER);
            return;
        }
        List<String> kept =
                group.allowable().stream().filter(CallNames::isGuests).toList();
        say(
                group.name(),
                "refused" + (kept.isEmpty() ? "" : ", but for " + String.join(" ", kept)) + ": " + group.purpose(),
                FILTER);
    }

    private void call(String call, CallRule rule) {
        switch (rule) {
            case CallRule.Deny(var error) -> say(call, "refused with " + error, FILTER);
            case CallRule.Allow(var onlyWhen, var except) -> {
                List<String> words = new ArrayList<>();
                words.add("allowed" + (onlyWhen.isEmpty() ? "" : " only when " + alternatives(call, onlyWhen)));
                except.forEach(refusal -> words.add(
                        "refused with " + refusal.error() + " when " + alternatives(call, List.of(refusal.when()))));
                say(call, String.join("; ", words), FILTER);
            }
        }
    }

    private static String alternatives(String call, List<Condition> conditions) {
        return conditions.stream().map(condition -> words(call, condition)).collect(Collectors.joining(", or "));
    }

    private static String words(String call, Condition condition) {
        return condition.tests().entrySet().stream()
                .map(test -> words(CallArguments.at(call, test.getKey()), test.getValue()))
                .collect(Collectors.joining(" and "));
    }

    private static String words(CallArguments.Named argument, Condition.Test test) {
        return switch (test) {
            case Condition.OneOf(int ignored, var values) ->
                argument.name() + " is " + values.stream().map(argument::nameOf).collect(Collectors.joining(" or "));
            case Condition.AnyBit(int bits) ->
                argument.name() + " has " + String.join(" or ", ProfileText.bits(argument, bits));
        };
    }

    private static String joined(Iterable<?> values, String between) {
        List<String> words = new ArrayList<>();
        values.forEach(value -> words.add(value.toString()));
        return String.join(between, words);
    }
}
