package dev.redoubt.node.walls;

import dev.redoubt.protocol.Profile;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Set;

/** capabilities(7) by number; the order is that of linux/capability.h. */
public enum Capability {
    CHOWN,
    DAC_OVERRIDE,
    DAC_READ_SEARCH,
    FOWNER,
    FSETID,
    KILL,
    SETGID,
    SETUID,
    SETPCAP,
    LINUX_IMMUTABLE,
    NET_BIND_SERVICE,
    NET_BROADCAST,
    NET_ADMIN,
    NET_RAW,
    IPC_LOCK,
    IPC_OWNER,
    SYS_MODULE,
    SYS_RAWIO,
    SYS_CHROOT,
    SYS_PTRACE,
    SYS_PACCT,
    SYS_ADMIN,
    SYS_BOOT,
    SYS_NICE,
    SYS_RESOURCE,
    SYS_TIME,
    SYS_TTY_CONFIG,
    MKNOD,
    LEASE,
    AUDIT_WRITE,
    AUDIT_CONTROL,
    SETFCAP,
    MAC_OVERRIDE,
    MAC_ADMIN,
    SYSLOG,
    WAKE_ALARM,
    BLOCK_SUSPEND,
    AUDIT_READ,
    PERFMON,
    BPF,
    CHECKPOINT_RESTORE;

    /** What apt-get install, useradd, su and tar -p need; each of them, no more (tried one by one). */
    private static final Set<Capability> PACKAGES = EnumSet.of(CHOWN, DAC_OVERRIDE, FOWNER, SETUID, SETGID);

    /** What the guest needs to start jobs as other users and to signal them. */
    private static final Set<Capability> SWITCH = EnumSet.of(SETUID, SETGID, SETPCAP, KILL);

    /** The bit of this capability in the kernel's sets. */
    public long mask() {
        return 1L << ordinal();
    }

    /** The kernel's form of a set. */
    public static long mask(Collection<Capability> capabilities) {
        return capabilities.stream().mapToLong(Capability::mask).reduce(0, (a, b) -> a | b);
    }

    /** Of a job of uid 0, in the sandbox's own user namespace; a job of another user has none. */
    public static Set<Capability> ofRootJob(Profile profile) {
        return switch (profile.root()) {
            case NONE -> EnumSet.noneOf(Capability.class);
            case PACKAGES -> EnumSet.copyOf(PACKAGES);
        };
    }

    /** Of the guest, which can pass on to jobs only what it holds. Also its bounding set. */
    public static Set<Capability> ofGuest(Profile profile) {
        return switch (profile.users()) {
            case SINGLE -> EnumSet.noneOf(Capability.class);
            case SWITCH -> ofGuest(ofRootJob(profile));
        };
    }

    /** The same where jobs may run as several users and one of uid 0 gets these. */
    public static Set<Capability> ofGuest(Set<Capability> rootJob) {
        Set<Capability> guest = EnumSet.copyOf(SWITCH);
        guest.addAll(rootJob);
        return guest;
    }
}
