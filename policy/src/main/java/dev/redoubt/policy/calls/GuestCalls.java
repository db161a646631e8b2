package dev.redoubt.policy.calls;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What process 1 of a sandbox needs, which stands behind the same filter as its jobs: to start, to speak to the node, to start
 * a job and to reap it. No profile takes these away; without one of them nothing runs and nobody can say why.
 *
 * <p>From the head of native/guest.c. What only its file operations and its sudo door need is not here: a profile without
 * those calls has no file operations and no sudo. Nor is what a job's own program needs to start.
 */
final class GuestCalls {
    private static final String NAMES = """
            read write writev close fcntl ioctl dup2 dup3 close_range pipe2 open fstat getdents64
            epoll_create1 epoll_ctl epoll_pwait signalfd4
            fork execve execveat wait4 exit_group setsid getsid gettid set_tid_address chdir umask
            rt_sigaction rt_sigprocmask rt_sigreturn kill
            socketpair sendto sendmsg recvfrom recvmsg setsockopt
            mmap munmap mremap mprotect madvise brk
            prctl arch_prctl prlimit64 capget capset getuid getgid setfsuid setreuid setgroups setresgid
            setresuid
            clock_gettime nanosleep""";

    static final SortedSet<String> ALL = Collections.unmodifiableSortedSet(
            new TreeSet<>(List.of(NAMES.strip().split("\\s+", -1))));

    /**
     * Groups that can be refused as a whole although the guest keeps calls of them. What is left of {@code @network} works on
     * sockets that are there; none can be made but pairs of unix sockets. Without open, execve or mmap, on the other hand,
     * nothing would be left of the meaning of a refused {@code @file-system}, {@code @process} or {@code @memory}.
     */
    static final Set<String> HARMLESS_REST = Set.of("@network");

    private GuestCalls() {}
}
