package dev.redoubt.protocol;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Confinement fixed at the start of a sandbox.
 *
 * @param name lower case words joined by hyphens
 * @param users whether jobs may run as different users
 * @param root what a job of uid 0 may do inside
 * @param calls how wide the system call filter is
 */
public record Profile(String name, Users users, Root root, Calls calls) {

    /** Who jobs may run as. */
    public enum Users {
        /** Any user of the image; the guest keeps the capabilities that changing ids needs. */
        SWITCH,
        /** One user only; the guest keeps no capability at all. */
        SINGLE
    }

    /** What a job of uid 0 may do. */
    public enum Root {
        /** Nothing that another user may not. */
        NONE,
        /** Install packages: CHOWN, DAC_OVERRIDE, FOWNER, SETUID, SETGID in the sandbox's own user namespace. */
        PACKAGES
    }

    /** Which system calls pass; each level allows all that the one before it does. */
    public enum Calls {
        /** Ordinary programs without SysV IPC and netlink: less kernel to attack. */
        NARROW,
        /** What Debian's packages, language runtimes and servers use. */
        STANDARD,
        /** STANDARD and the debuggers' calls. */
        DEBUGGING;

        /** Whether this level includes everything of {@code other}. */
        public boolean includes(Calls other) {
            return compareTo(other) >= 0;
        }
    }

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*");

    public static final Profile DEFAULT = new Profile("default", Users.SWITCH, Root.PACKAGES, Calls.STANDARD);
    public static final Profile MINIMAL = new Profile("minimal", Users.SINGLE, Root.NONE, Calls.NARROW);
    public static final Profile DEVELOPMENT = new Profile("development", Users.SWITCH, Root.PACKAGES, Calls.DEBUGGING);
    public static final Profile CI_RUNNER = new Profile("ci-runner", Users.SWITCH, Root.PACKAGES, Calls.STANDARD);
    public static final Profile BATCH_JOB = new Profile("batch-job", Users.SINGLE, Root.NONE, Calls.STANDARD);
    public static final Profile DATABASE = new Profile("database", Users.SINGLE, Root.NONE, Calls.STANDARD);
    public static final Profile WEB_SERVER = new Profile("web-server", Users.SINGLE, Root.NONE, Calls.STANDARD);
    public static final Profile HOSTILE_TENANT = new Profile("hostile-tenant", Users.SINGLE, Root.NONE, Calls.NARROW);

    /** The profiles that need no file, in the order in which they are shown. */
    public static final List<Profile> BUILT_IN =
            List.of(DEFAULT, MINIMAL, DEVELOPMENT, CI_RUNNER, BATCH_JOB, DATABASE, WEB_SERVER, HOSTILE_TENANT);

    public Profile {
        Objects.requireNonNull(users, "users");
        Objects.requireNonNull(root, "root");
        Objects.requireNonNull(calls, "calls");
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("profile name '" + name + "' is not lower case words joined by hyphens");
        }
        if (users == Users.SINGLE && root != Root.NONE) {
            throw new IllegalArgumentException("profile " + name + ": a root job needs users: switch");
        }
    }

    /** The built-in profile of this name. */
    public static Optional<Profile> builtIn(String name) {
        return BUILT_IN.stream().filter(profile -> profile.name.equals(name)).findFirst();
    }
}
