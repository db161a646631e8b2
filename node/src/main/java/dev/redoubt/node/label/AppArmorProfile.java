package dev.redoubt.node.label;

import dev.redoubt.protocol.CallRule;
import dev.redoubt.protocol.CallRules;
import dev.redoubt.protocol.Profile;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Set;

/**
 * What AppArmor holds a sandbox to (apparmor.d(5)): once more, by other code of the kernel, what capabilities, the filter and
 * the network namespace hold already. Which files may be used is left to Landlock, mounts and patterns.
 *
 * <p>The name has the hash of the rules, so a node of another version loads another profile beside this one, and never changes
 * what confines a running sandbox.
 */
public enum AppArmorProfile {
    USUAL(""),
    /** Where a profile lets jobs trace jobs. */
    TRACING("  ptrace (trace, tracedby) peer=@{profile_name},\n");

    /** Calls of the group {@code @debug} that a process reaches into another with. */
    private static final Set<String> DEBUGGING = Set.of("ptrace", "process_vm_readv", "process_vm_writev");

    private static final int SHORT_HASH = 12;

    /**
     * Default deny: no mount, no change of profile, no raw or packet socket, no capability that neither guest nor root job nor
     * unpacking has. attach_disconnected, because jobs get descriptors of files that no path inside leads to.
     */
    private static final String RULES = """
              file,
              deny /proc/sys/** wl,
              deny /proc/sysrq-trigger rwl,
              deny /proc/kcore rwl,
              deny /sys/** wl,
              capability chown,
              capability dac_override,
              capability fowner,
              capability fsetid,
              capability kill,
              capability setgid,
              capability setuid,
              capability setpcap,
              network unix,
              network inet stream,
              network inet dgram,
              network inet6 stream,
              network inet6 dgram,
              network netlink dgram,
              network netlink raw,
              unix,
              signal (send) peer=@{profile_name},
              signal (receive),
              ptrace (read, readby) peer=@{profile_name},
            """;

    private final String rules;
    private final String label;

    AppArmorProfile(String more) {
        this.rules = " flags=(attach_disconnected,mediate_deleted) {\n" + RULES + more + "}\n";
        this.label = "redoubt-" + sha256(rules).substring(0, SHORT_HASH);
    }

    /** Its name. */
    public String label() {
        return label;
    }

    /** As apparmor_parser(8) reads it. */
    String text() {
        return "profile " + label + rules;
    }

    /** What the jobs of a sandbox need. */
    public static AppArmorProfile of(Profile profile) {
        CallRules calls = profile.calls();
        boolean traces = calls.groups().contains("@debug")
                || DEBUGGING.stream().anyMatch(call -> calls.calls().get(call) instanceof CallRule.Allow);
        return traces ? TRACING : USUAL;
    }

    private static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every Java has SHA-256", impossible);
        }
    }
}
