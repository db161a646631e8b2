package dev.redoubt.protocol;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Confinement fixed at the start of a sandbox: a profile with everything that it extends already in it.
 *
 * @param name lower case words joined by hyphens
 * @param description one sentence for people; may be empty
 * @param runtimes the classes in which it may be run
 * @param requires walls without which nothing starts, beside those that every sandbox has
 * @param users whether jobs may run as different users
 * @param root what a job of uid 0 may do inside
 * @param network the mode when nobody asks for another
 * @param devices what stands in /dev
 * @param resources limits when nobody asks for others
 * @param onDrift what is done when a wall of a running sandbox is found to be weaker than asked
 */
public record Profile(
        String name,
        String description,
        Set<RuntimeClass> runtimes,
        Set<Layer> requires,
        Users users,
        Root root,
        NetworkMode network,
        Set<DeviceName> devices,
        Resources resources,
        FileRules files,
        CallRules calls,
        OnDrift onDrift) {

    /** What becomes of a sandbox of which a wall is found to be weaker than asked while it runs. */
    public enum OnDrift {
        /** It is said, and the sandbox runs on. */
        REPORT,
        /** It is said, and nothing inside runs any more until somebody ends it. */
        FREEZE;

        /** The one of this name, as in a profile. */
        public static Optional<OnDrift> parse(String name) {
            return Stream.of(values())
                    .filter(drift -> drift.toString().equals(name))
                    .findFirst();
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Who jobs may run as. */
    public enum Users {
        /** Any user of the image; the guest keeps the capabilities that changing ids needs. */
        SWITCH,
        /** One user only; the guest keeps no capability at all. */
        SINGLE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What a job of uid 0 may do. */
    public enum Root {
        /** Nothing that another user may not. */
        NONE,
        /** Install packages: CHOWN, DAC_OVERRIDE, FOWNER, SETUID, SETGID in the sandbox's own user namespace. */
        PACKAGES;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*");
    private static final int MOST_NAME = 64;
    private static final int MOST_DESCRIPTION = 500;

    /** What a profile starts from that extends none: nothing more than a sandbox needs to exist. */
    public static final Profile NOTHING = new Profile(
            "nothing",
            "",
            EnumSet.of(RuntimeClass.CONTAINER, RuntimeClass.GVISOR, RuntimeClass.MICROVM),
            EnumSet.noneOf(Layer.class),
            Users.SINGLE,
            Root.NONE,
            NetworkMode.NONE,
            EnumSet.allOf(DeviceName.class),
            Resources.NONE,
            FileRules.OPEN,
            CallRules.NONE,
            OnDrift.REPORT);

    /**
     * What a sandbox gets when nobody names a profile. Its text is the built-in profile {@code default}; it stands here too
     * because reading YAML at every start would take longer than building a sandbox. A test holds the two equal.
     */
    public static final Profile DEFAULT = new Profile(
            "default",
            "For code that nobody has vouched for: packages install, everything ordinary runs, nothing gets out.",
            NOTHING.runtimes,
            NOTHING.requires,
            Users.SWITCH,
            Root.PACKAGES,
            NetworkMode.NONE,
            NOTHING.devices,
            Resources.NONE,
            FileRules.OPEN,
            CallRules.ofGroups(
                    "@basic-io",
                    "@clock",
                    "@clock-state",
                    "@credentials",
                    "@file-system",
                    "@ipc",
                    "@memory",
                    "@netlink",
                    "@network",
                    "@process",
                    "@self-confinement",
                    "@signal",
                    "@system-facts"),
            OnDrift.REPORT);

    public Profile {
        runtimes = copy(RuntimeClass.class, runtimes);
        requires = copy(Layer.class, requires);
        Objects.requireNonNull(users, "users");
        Objects.requireNonNull(root, "root");
        Objects.requireNonNull(network, "network");
        devices = copy(DeviceName.class, devices);
        Objects.requireNonNull(resources, "resources");
        Objects.requireNonNull(files, "files");
        Objects.requireNonNull(calls, "calls");
        Objects.requireNonNull(onDrift, "onDrift");
        if (!isName(name)) {
            throw new IllegalArgumentException("profile name '" + name + "' is not lower case words joined by hyphens");
        }
        if (!isDescription(description)) {
            throw new IllegalArgumentException(
                    "a description is one line of at most " + MOST_DESCRIPTION + " characters");
        }
        if (runtimes.isEmpty()) {
            throw new IllegalArgumentException("profile " + name + " may be run in no runtime class");
        }
        if (!devices.contains(DeviceName.NULL)) {
            throw new IllegalArgumentException("no sandbox is without " + DeviceName.NULL);
        }
        if (users == Users.SINGLE && root != Root.NONE) {
            throw new IllegalArgumentException("profile " + name + ": a root job needs users: switch");
        }
    }

    /** The same, to be run in one class more. */
    public Profile alsoIn(RuntimeClass runtime) {
        EnumSet<RuntimeClass> wider = EnumSet.copyOf(runtimes);
        wider.add(runtime);
        return new Profile(
                name, description, wider, requires, users, root, network, devices, resources, files, calls, onDrift);
    }

    /** The same with other rules for files. */
    public Profile withFiles(FileRules others) {
        return new Profile(
                name,
                description,
                runtimes,
                requires,
                users,
                root,
                network,
                devices,
                resources,
                others,
                calls,
                onDrift);
    }

    /** The same for other users. */
    public Profile withUsers(Users others, Root otherRoot) {
        return new Profile(
                name,
                description,
                runtimes,
                requires,
                others,
                otherRoot,
                network,
                devices,
                resources,
                files,
                calls,
                onDrift);
    }

    /** The same with another mode of the network. */
    public Profile withNetwork(NetworkMode other) {
        return new Profile(
                name, description, runtimes, requires, users, root, other, devices, resources, files, calls, onDrift);
    }

    /** Whether a profile may be called that. */
    public static boolean isName(String name) {
        return name.length() <= MOST_NAME && NAME.matcher(name).matches();
    }

    /** Whether a profile may be described so. */
    public static boolean isDescription(String text) {
        return text.length() <= MOST_DESCRIPTION && text.codePoints().noneMatch(Character::isISOControl);
    }

    private static <E extends Enum<E>> Set<E> copy(Class<E> type, Set<E> set) {
        EnumSet<E> copy = EnumSet.noneOf(type);
        copy.addAll(set);
        return Collections.unmodifiableSet(copy);
    }
}
