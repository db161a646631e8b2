package dev.redoubt.node.seccomp;

import dev.redoubt.policy.calls.Argument;
import dev.redoubt.policy.calls.ArgumentTest;
import dev.redoubt.policy.calls.CallNumbers;
import dev.redoubt.policy.calls.Decision;
import dev.redoubt.protocol.CallRules;
import java.util.HashSet;
import java.util.Set;

/**
 * Which calls a filter asks the broker about.
 *
 * <p>A refusal by the filter alone costs nothing and says nothing. So it stays with the filter where libraries try a call
 * at every start and go on without it (clone3, io_uring, get_mempolicy, most of ioctl, prctl and setsockopt), and is
 * asked about where somebody reads the error and wonders.
 *
 * @param refusals calls about which the broker is asked wherever the list refuses them, so that it says why
 * @param always calls that the broker answers in the kernel's place
 */
public record Asked(Set<String> refusals, Set<String> always) {
    private static final Set<String> EXPLAINED = words("""
            mount umount2 pivot_root chroot fsopen fsconfig fsmount fspick open_tree open_tree_attr move_mount
            mount_setattr quotactl quotactl_fd mknod mknodat name_to_handle_at open_by_handle_at fanotify_init
            fanotify_mark file_setattr
            clone unshare setns prlimit64 personality seccomp
            ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp perf_event_open bpf userfaultfd
            add_key request_key keyctl
            mbind set_mempolicy set_mempolicy_home_node migrate_pages move_pages
            socket socketpair
            shmget semget msgget mq_open adjtimex clock_adjtime
            settimeofday clock_settime syslog sync
            reboot kexec_load kexec_file_load init_module finit_module delete_module swapon swapoff acct sethostname
            setdomainname iopl ioperm vhangup""");

    /** No broker listens: the filter decides alone. */
    public static final Asked NOTHING = new Asked(Set.of(), Set.of());

    /** What every sandbox with a broker asks. */
    public static final Asked USUAL = new Asked(EXPLAINED, Set.of("sysinfo"));

    /**
     * What a sandbox asks whose profile hides files by patterns: every open. Then the broker opens, and rules of Landlock
     * that a program makes for itself would not bind it, so there is no Landlock for programs.
     */
    public static final Asked OPENS_TOO =
            new Asked(EXPLAINED, Set.of("sysinfo", "open", "creat", "openat", "openat2", "landlock_create_ruleset"));

    /** These, and what the rules of a profile say that is to be asked. */
    Asked and(CallRules rules) {
        Set<String> all = new HashSet<>(refusals);
        all.addAll(rules.asked());
        return new Asked(all, always);
    }

    public Asked {
        refusals = Set.copyOf(refusals);
        always = Set.copyOf(always);
        refusals.forEach(CallNumbers::of);
        always.forEach(CallNumbers::of);
    }

    Decision applied(String call, Decision decision) {
        Decision asked = always.contains(call) ? withBroker(call, decision) : decision;
        return refusals.contains(call) ? asked.explained() : asked;
    }

    /**
     * Whoever only holds a path (O_PATH) reads nothing of it, and opens it by asking. Nobody could be given such a
     * descriptor either: SECCOMP_IOCTL_NOTIF_ADDFD takes none. open(2) and openat(2) show it in a register.
     */
    private static Decision withBroker(String call, Decision decision) {
        return switch (call) {
            case "open" -> decision.auditedUnless(new ArgumentTest.AnyBit(new Argument(1, OpenRequest.O_PATH)));
            case "openat" -> decision.auditedUnless(new ArgumentTest.AnyBit(new Argument(2, OpenRequest.O_PATH)));
            default -> decision.audited();
        };
    }

    private static Set<String> words(String text) {
        return Set.of(text.strip().split("\\s+", -1));
    }
}
