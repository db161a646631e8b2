package dev.redoubt.policy.calls;

import static dev.redoubt.policy.calls.Argument.FIFTH;
import static dev.redoubt.policy.calls.Argument.FIRST;
import static dev.redoubt.policy.calls.Argument.FOURTH;
import static dev.redoubt.policy.calls.Argument.SECOND;
import static dev.redoubt.policy.calls.Argument.THIRD;
import static dev.redoubt.policy.calls.Lines.allow;
import static dev.redoubt.policy.calls.Lines.allowIf;
import static dev.redoubt.policy.calls.Lines.call;
import static dev.redoubt.policy.calls.Lines.group;
import static dev.redoubt.policy.calls.Lines.pretendIf;
import static dev.redoubt.policy.calls.Lines.refuse;
import static dev.redoubt.policy.calls.Lines.refuseIf;
import static dev.redoubt.policy.calls.Lines.refused;
import static dev.redoubt.policy.calls.Verdict.Plain.ALLOW;
import static dev.redoubt.protocol.CallError.EAFNOSUPPORT;
import static dev.redoubt.protocol.CallError.EINVAL;
import static dev.redoubt.protocol.CallError.ENOPROTOOPT;
import static dev.redoubt.protocol.CallError.ENOSYS;
import static dev.redoubt.protocol.CallError.ENOTTY;
import static dev.redoubt.protocol.CallError.EOPNOTSUPP;
import static dev.redoubt.protocol.CallError.EPERM;
import static dev.redoubt.protocol.CallError.EPROTONOSUPPORT;

import dev.redoubt.policy.calls.Lines.Line;
import dev.redoubt.protocol.InsideIds;
import java.util.List;
import java.util.stream.Stream;

/**
 * The filter, to be read from top to bottom: every system call of x86-64 and what becomes of it.
 *
 * <p>Profiles allow and deny by group and by call. What is refused here is refused to every profile; an {@code allow} and an
 * {@code allowIf} stand where the profile allows the call's group, or the call; a clause {@code in} another group where the
 * profile allows that one too.
 *
 * <p>Errors are chosen so that programs fall back. ENOSYS where a program knows an older way (clone3, io_uring); the
 * error of a kernel built without the thing where there is one (EAFNOSUPPORT, ENOTTY); EPERM for what no program of a
 * sandbox has a right to. A call that this list does not know, because it is newer, is ENOSYS.
 *
 * <p>A call with conditions: the first line that holds decides, the error at its head is for everything else.
 */
final class CallList {
    private CallList() {}

    /** Every namespace but time's, which clone(2) cannot ask for; its bit is inside CSIGNAL and no valid signal. */
    private static final int NAMESPACES = 0x7E020080;

    private static final int AF_UNIX = 1;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int AF_NETLINK = 16;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_RAW = 3;
    private static final int SOCK_PACKET = 10;
    private static final int SOCK_TYPE = 0xf;
    private static final int IPPROTO_TCP = 6;
    private static final int IPPROTO_UDP = 17;
    private static final int MSG_OOB = 1;

    private static final int S_IFMT = 0xf000;
    private static final int S_IFIFO = 0x1000;
    private static final int S_IFCHR = 0x2000;
    private static final int S_IFREG = 0x8000;
    private static final int S_IFSOCK = 0xc000;

    private static final int RLIMIT_CORE = 4;

    private static final int PRIO_USER = 2;
    private static final int IOPRIO_WHO_USER = 3;

    private static final int ADDR_NO_RANDOMIZE = 0x0040000;

    /**
     * What is different for the program that unpacks images, beside the profile minimal: it talks to nobody, watches
     * nothing, and what a layer deletes of the layers below is a character device without a driver.
     */
    static final Group UNPACKING = group(
            "@unpacking",
            "writing files below one directory, from one descriptor",
            call(
                    "mknodat",
                    refused(EPERM),
                    "a device node is a door into the kernel; 0:0 is none, it is overlayfs' mark for a deleted name",
                    allowIf(THIRD.bits(S_IFMT).is(0, S_IFREG, S_IFIFO)),
                    allowIf(THIRD.bits(S_IFMT).is(S_IFCHR), FOURTH.is(0))),
            refuse(EPERM, "mknodat says the same relative to a directory", "mknod"),
            refuse(EPERM, "its input and output are open when it starts", """
                    socket connect bind listen accept accept4 inotify_init inotify_init1 memfd_create"""));

    static final List<Group> GROUPS = List.of(
            group(
                    "@basic-io",
                    "bytes through descriptors that are already open",
                    allow("""
                            read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close
                            close_range dup dup2 dup3 pipe pipe2 fcntl sendfile splice tee copy_file_range
                            poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait
                            epoll_pwait2 eventfd eventfd2 signalfd signalfd4 timerfd_create timerfd_settime
                            timerfd_gettime flock fsync fdatasync syncfs sync_file_range readahead fadvise64
                            fallocate ftruncate"""),
                    refuse(
                            EPERM,
                            "writes back every disk of the host, and waits; fsync and syncfs are for own files",
                            "sync"),
                    refuse(
                            ENOSYS,
                            "no program here needs to give away its pages; write does it (Dirty Pipe's family)",
                            "vmsplice"),
                    call(
                            "ioctl",
                            ALLOW,
                            "controls of terminals and file systems that reach beyond a file",
                            refuseIf(
                                    EPERM,
                                    SECOND.is(
                                            Ioctl.TIOCSTI,
                                            Ioctl.TIOCLINUX,
                                            Ioctl.TIOCSETD,
                                            Ioctl.TIOCCONS,
                                            Ioctl.TIOCVHANGUP)),
                            allowIf(SECOND.is(Ioctl.FICLONE, Ioctl.FICLONERANGE, Ioctl.FIDEDUPERANGE)),
                            refuseIf(ENOTTY, SECOND.bits(Ioctl.TYPE).is(Ioctl.BTRFS)),
                            allowIf(SECOND.is(Ioctl.FS_IOC_GETFLAGS, Ioctl.FS_IOC_FSGETXATTR)),
                            refuseIf(ENOTTY, SECOND.bits(Ioctl.TYPE).is(Ioctl.EXT, Ioctl.XFS, Ioctl.FS_IDENTITY)),
                            refuseIf(EPERM, SECOND.bits(Ioctl.TYPE).is(Ioctl.NAMESPACE, Ioctl.PIDFS)),
                            refuseIf(EPERM, SECOND.is(Ioctl.FIBMAP)))),
            group(
                    "@file-system",
                    "names, directories, attributes, working directory",
                    allow("""
                            open openat openat2 creat stat fstat lstat statx newfstatat access faccessat faccessat2
                            getdents getdents64 getcwd chdir fchdir mkdir mkdirat rmdir rename renameat link linkat
                            unlink unlinkat symlink symlinkat readlink readlinkat chmod fchmod fchmodat fchmodat2 chown
                            fchown lchown fchownat umask truncate utime utimes futimesat utimensat statfs fstatfs
                            getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr
                            llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat
                            inotify_init inotify_init1 inotify_add_watch inotify_rm_watch file_getattr"""),
                    call(
                            "mknod",
                            refused(EPERM),
                            "a device node is a door into the kernel",
                            allowIf(SECOND.bits(S_IFMT).is(0, S_IFREG, S_IFIFO, S_IFSOCK))),
                    call(
                            "mknodat",
                            refused(EPERM),
                            "a device node is a door into the kernel",
                            allowIf(THIRD.bits(S_IFMT).is(0, S_IFREG, S_IFIFO, S_IFSOCK))),
                    call(
                            "renameat2",
                            ALLOW,
                            "RENAME_WHITEOUT leaves what an overlay takes for a deletion",
                            refuseIf(EINVAL, FIFTH.hasAny(4))),
                    refuse(
                            EPERM,
                            "opens a file by its inode, around every path and mount (the shocker exploit)",
                            "name_to_handle_at open_by_handle_at"),
                    refuse(
                            EPERM,
                            "watches whole file systems, and can hold other processes' opens",
                            "fanotify_init fanotify_mark"),
                    refuse(EPERM, "changes project ids, by which the disk limit counts", "file_setattr"),
                    refuse(ENOSYS, "tells which pages of a shared layer other sandboxes have read", "cachestat"),
                    refuse(ENOSYS, "obsolete: file system types and device numbers", "ustat sysfs")),
            group(
                    "@mount",
                    "the shape of the file tree; fixed when the sandbox is built",
                    refuse(EPERM, "changes what a path means", """
                            mount umount2 pivot_root chroot fsopen fsconfig fsmount fspick open_tree open_tree_attr
                            move_mount mount_setattr"""),
                    refuse(ENOSYS, "lists mounts with the host's options", "statmount listmount"),
                    refuse(EPERM, "quotas belong to the host", "quotactl quotactl_fd")),
            group(
                    "@process",
                    "starting, waiting, ending, naming, scheduling",
                    allow("""
                            fork vfork execve execveat exit exit_group wait4 waitid getpid getppid gettid getpgid
                            setpgid getpgrp setsid getsid uname getcpu set_tid_address set_robust_list get_robust_list
                            rseq restart_syscall futex futex_waitv futex_wait futex_wake futex_requeue membarrier
                            sched_yield sched_getparam sched_getscheduler sched_get_priority_max
                            sched_get_priority_min sched_rr_get_interval sched_getaffinity sched_getattr getpriority
                            ioprio_get getrlimit getrusage times pidfd_open"""),
                    // Where there is a single user, PID 1 has the id of its jobs, and the kernel would let them
                    neverTheInits("sched_setparam", refuseIf(EPERM, FIRST.is(1))),
                    neverTheInits("sched_setscheduler", refuseIf(EPERM, FIRST.is(1))),
                    neverTheInits("sched_setaffinity", refuseIf(EPERM, FIRST.is(1))),
                    neverTheInits("sched_setattr", refuseIf(EPERM, FIRST.is(1))),
                    neverTheInits("setpriority", refuseIf(EPERM, FIRST.is(PRIO_USER)), refuseIf(EPERM, SECOND.is(1))),
                    neverTheInits(
                            "ioprio_set", refuseIf(EPERM, FIRST.is(IOPRIO_WHO_USER)), refuseIf(EPERM, SECOND.is(1))),
                    call(
                            "clone",
                            ALLOW,
                            "a new namespace is a new kernel surface, with all capabilities",
                            refuseIf(EPERM, FIRST.hasAny(NAMESPACES))),
                    refuse(
                            ENOSYS,
                            "its flags are in memory, where a filter cannot look; libraries fall back to clone",
                            "clone3"),
                    refuse(EPERM, "makes or enters namespaces", "unshare setns"),
                    // The core limit stays 1, see ResourceLimits. Who lowers it wants no core file, and there is none;
                    // an error would end gpg. What a new limit is cannot be seen, so raising seems to work too.
                    call(
                            "setrlimit",
                            ALLOW,
                            "with a core limit of 0 a crash starts the handler that the host has behind a pipe",
                            pretendIf(FIRST.is(RLIMIT_CORE))),
                    call(
                            "prlimit64",
                            refused(EPERM),
                            "lowering PID 1's limits breaks every later job; the core limit as in setrlimit",
                            allowIf(FIRST.is(0), THIRD.isNull()),
                            pretendIf(FIRST.is(0), SECOND.is(RLIMIT_CORE), FOURTH.isNull()),
                            // Who asks for the old limit as well would go on with memory that nobody has written
                            refuseIf(EPERM, SECOND.is(RLIMIT_CORE)),
                            allowIf(FIRST.is(0))),
                    call(
                            "prctl",
                            refused(EINVAL),
                            "of a long and growing list only what programs use",
                            allowIf(FIRST.is(Prctl.ALLOWED))),
                    call(
                            "arch_prctl",
                            refused(EINVAL),
                            "thread registers, shadow stacks, AMX; nothing else",
                            allowIf(FIRST.is(Prctl.ARCH_ALLOWED))),
                    call(
                            "personality",
                            refused(EPERM),
                            "other personalities switch protections off",
                            allowIf(FIRST.is(0, -1)),
                            allowIf(FIRST.is(ADDR_NO_RANDOMIZE)).in("@debug")),
                    refuse(
                            ENOSYS,
                            "16 bit code segments: kernel surface for emulators of the last century",
                            "modify_ldt"),
                    refuse(ENOSYS, "32 bit only", "set_thread_area get_thread_area")),
            group("@signal", "signals to processes of the same sandbox", allow("""
                            rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend
                            rt_sigqueueinfo rt_tgsigqueueinfo sigaltstack kill tkill tgkill pidfd_send_signal pause
                            alarm getitimer setitimer""")),
            group(
                    "@credentials",
                    "ids and capabilities; the kernel checks them against the sandbox's user namespace",
                    // setgroups(2) names its groups in memory, where no filter looks: that group alone opens nothing
                    allow("""
                            getuid geteuid getgid getegid getresuid getresgid getgroups setgroups capget capset"""),
                    neverTheGuests("setuid", FIRST),
                    neverTheGuests("setgid", FIRST),
                    neverTheGuests("setreuid", FIRST, SECOND),
                    neverTheGuests("setregid", FIRST, SECOND),
                    neverTheGuests("setresuid", FIRST, SECOND, THIRD),
                    neverTheGuests("setresgid", FIRST, SECOND, THIRD),
                    neverTheGuests("setfsuid", FIRST),
                    neverTheGuests("setfsgid", FIRST)),
            group(
                    "@self-confinement",
                    "programs may build more walls around themselves",
                    allow("landlock_create_ruleset landlock_add_rule landlock_restrict_self"),
                    call(
                            "seccomp",
                            ALLOW,
                            "a listener inside would answer in the broker's place",
                            refuseIf(EPERM, SECOND.hasAny(8)))),
            group(
                    "@memory",
                    "own memory",
                    allow("""
                            brk mmap munmap mprotect mremap msync mincore mlock mlock2 munlock mlockall munlockall
                            memfd_create pkey_alloc pkey_free pkey_mprotect map_shadow_stack mseal"""),
                    call(
                            "madvise",
                            ALLOW,
                            "MADV_MERGEABLE shares pages between tenants, which can be timed",
                            refuseIf(EINVAL, THIRD.is(12))),
                    refuse(ENOSYS, "obsolete, emulated with mmap", "remap_file_pages"),
                    refuse(ENOSYS, "another process's memory", "process_madvise process_mrelease"),
                    refuse(ENOSYS, "memory that the host cannot look at or move", "memfd_secret"),
                    refuse(EPERM, "holds the kernel in the middle of a copy: the attacker's stopwatch", "userfaultfd"),
                    refuse(
                            EPERM,
                            "placement on the host's memory nodes is the host's",
                            "mbind set_mempolicy get_mempolicy set_mempolicy_home_node migrate_pages move_pages")),
            group(
                    "@network",
                    "sockets; addresses are for the firewall and the egress process",
                    allow("""
                            connect accept accept4 bind listen shutdown recvfrom recvmsg recvmmsg getsockname
                            getpeername getsockopt"""),
                    call(
                            "socket",
                            refused(EAFNOSUPPORT),
                            "vsock reaches the hypervisor, packet the wire, alg the kernel",
                            allowIf(FIRST.is(AF_UNIX)),
                            allowIf(
                                    FIRST.is(AF_INET, AF_INET6),
                                    SECOND.bits(SOCK_TYPE).is(SOCK_STREAM),
                                    THIRD.is(0, IPPROTO_TCP)),
                            allowIf(
                                    FIRST.is(AF_INET, AF_INET6),
                                    SECOND.bits(SOCK_TYPE).is(SOCK_DGRAM),
                                    THIRD.is(0, IPPROTO_UDP)),
                            refuseIf(
                                    EPERM,
                                    FIRST.is(AF_INET, AF_INET6),
                                    SECOND.bits(SOCK_TYPE).is(SOCK_RAW, SOCK_PACKET)),
                            allowIf(FIRST.is(AF_NETLINK), THIRD.is(0)).in("@netlink"),
                            // useradd gives up on any other error when it looks for the audit socket
                            refuseIf(EPROTONOSUPPORT, FIRST.is(AF_INET, AF_INET6, AF_NETLINK))),
                    call(
                            "socketpair",
                            refused(EAFNOSUPPORT),
                            "only unix sockets come in pairs",
                            allowIf(FIRST.is(AF_UNIX))),
                    call(
                            "setsockopt",
                            ALLOW,
                            "programs and protocols loaded into the kernel's socket",
                            refuseIf(ENOPROTOOPT, SECOND.is(SocketOption.SOL_TCP), THIRD.is(SocketOption.TCP_ULP)),
                            refuseIf(
                                    ENOPROTOOPT,
                                    SECOND.is(SocketOption.SOL_SOCKET),
                                    THIRD.is(
                                            SocketOption.ATTACH_FILTER,
                                            SocketOption.ATTACH_BPF,
                                            SocketOption.ATTACH_REUSEPORT_CBPF,
                                            SocketOption.ATTACH_REUSEPORT_EBPF))),
                    call(
                            "sendto",
                            ALLOW,
                            "out-of-band data on unix sockets (CVE-2025-38236)",
                            refuseIf(EOPNOTSUPP, FOURTH.hasAny(MSG_OOB))),
                    call(
                            "sendmsg",
                            ALLOW,
                            "out-of-band data on unix sockets (CVE-2025-38236)",
                            refuseIf(EOPNOTSUPP, THIRD.hasAny(MSG_OOB))),
                    call(
                            "sendmmsg",
                            ALLOW,
                            "out-of-band data on unix sockets (CVE-2025-38236)",
                            refuseIf(EOPNOTSUPP, FOURTH.hasAny(MSG_OOB)))),
            group("@netlink", "asking the kernel about the sandbox's own interfaces and routes: a part of socket"),
            group(
                    "@ipc",
                    "SysV objects of the sandbox's own IPC namespace; wide and old, databases and X clients use it",
                    allow(ENOSYS, """
                            shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl"""),
                    // EACCES is what Landlock says: a queue is a file below no path that a rule could name. A program
                    // takes that for its own mistake; ENOSYS is a kernel without queues, for which it has another way.
                    refuse(ENOSYS, "behind Landlock nobody can open a POSIX queue", """
                            mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr""")),
            group(
                    "@asynchronous-io",
                    "reads and writes that the kernel does later",
                    refuse(
                            ENOSYS,
                            "fs.aio-max-nr is one count for the whole host: one sandbox could use up everybody's",
                            "io_setup io_destroy io_getevents io_pgetevents io_submit io_cancel"),
                    refuse(
                            ENOSYS,
                            "does what other calls do without the filter seeing it; runtimes fall back to epoll",
                            "io_uring_setup io_uring_enter io_uring_register")),
            group(
                    "@clock",
                    "reading clocks, sleeping, timers",
                    allow("""
                            time gettimeofday clock_gettime clock_getres nanosleep clock_nanosleep timer_create
                            timer_settime timer_gettime timer_getoverrun timer_delete"""),
                    refuse(EPERM, "the clock is the host's", "settimeofday clock_settime")),
            group(
                    "@clock-state",
                    "reading how well the clock is kept; setting it needs a right nobody here has",
                    allow("adjtimex clock_adjtime")),
            group(
                    "@system-facts",
                    "numbers about the machine",
                    allow("getrandom"),
                    // The broker answers it. Where there is none the host's load and memory show: an error instead
                    // makes
                    // glibc's sysconf(_SC_PHYS_PAGES) return what was on its stack, and Java size its heap by it.
                    allow("sysinfo"),
                    refuse(EPERM, "the host's kernel log", "syslog"),
                    refuse(
                            ENOSYS,
                            "which security modules the host has",
                            "lsm_get_self_attr lsm_set_self_attr lsm_list_modules")),
            group(
                    "@debug",
                    "debuggers: reading and writing other processes, switching address randomisation off",
                    allow("ptrace process_vm_readv process_vm_writev"),
                    refuse(EPERM, "takes descriptors or compares pointers of another process", "pidfd_getfd kcmp"),
                    refuse(EPERM, "measures and runs programs inside the kernel", "perf_event_open bpf"),
                    refuse(
                            ENOSYS,
                            "for the kernel's own probes; newer kernels ask no filter about them",
                            "uretprobe uprobe")),
            group(
                    "@keyring",
                    "kernel key rings are not per namespace",
                    refuse(EPERM, "keys of one user id are shared beyond the sandbox", "add_key request_key keyctl")),
            group("@host", "the machine itself", refuse(EPERM, "administers the host", """
                            reboot kexec_load kexec_file_load init_module finit_module delete_module swapon swapoff acct
                            sethostname setdomainname iopl ioperm vhangup""")),
            group(
                    "@gone",
                    "calls that Linux no longer or never had on this machine",
                    refuse(ENOSYS, "not implemented by any kernel we run on", """
                            _sysctl uselib create_module get_kernel_syms query_module nfsservctl getpmsg putpmsg
                            afs_syscall tuxcall security vserver epoll_ctl_old epoll_wait_old
                            lookup_dcookie""")));

    private static Line neverTheInits(String name, Clause... clauses) {
        return call(name, ALLOW, "a PID 1 that comes last, or waits for one busy processor, answers nobody", clauses);
    }

    /** Where there is a single user nobody has the right to take another id anyway, so this is one list for all. */
    private static Line neverTheGuests(String name, Argument... ids) {
        Clause[] clauses = Stream.of(ids)
                .map(id -> refuseIf(EPERM, id.is(InsideIds.GUEST)))
                .toArray(Clause[]::new);
        return call(name, ALLOW, "who has the guest's id may signal PID 1 and change its scheduling", clauses);
    }
}
