package dev.redoubt.node.seccomp;

import java.util.Optional;

/** What somebody can do whose call was refused, where there is something. */
final class Advice {
    private Advice() {}

    static Optional<String> on(String call, String group) {
        return Optional.ofNullable(
                switch (call) {
                    case "chroot" -> "a sandbox has a root of its own already";
                    case "mknod", "mknodat" -> "files, pipes and sockets can be made";
                    case "ptrace", "process_vm_readv", "process_vm_writev", "personality" ->
                        "the profile development is for debuggers";
                    case "clone", "unshare", "setns" -> "a sandbox inside a sandbox needs a kernel of its own";
                    case "prlimit64" -> "a process may ask for its own limits only";
                    case "socket" -> "unix sockets, TCP and UDP pass, and no raw ones";
                    case "sethostname" -> "the host name is part of the sandbox's spec";
                    case "shmget", "semget", "msgget", "mq_open", "adjtimex", "clock_adjtime" ->
                        "the profile default allows it";
                    default ->
                        switch (group) {
                            case "@mount" ->
                                "new mounts are not for sandboxes: run --mount shows a directory of the host inside";
                            case "@keyring" -> "programs keep their keys in memory or files instead";
                            default -> null;
                        };
                });
    }
}
