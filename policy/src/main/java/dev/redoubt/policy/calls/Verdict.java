package dev.redoubt.policy.calls;

/** What the kernel does with a call. */
public sealed interface Verdict {
    /** The SECCOMP_RET value of linux/seccomp.h. */
    int action();

    enum Plain implements Verdict {
        ALLOW(0x7fff0000),
        /** The call returns 0, as if done; nothing of it happens. */
        PRETEND(0x00050000),
        /** The broker answers. */
        NOTIFY(0x7fc00000),
        /** The whole process ends with SIGSYS. */
        KILL(0x80000000);

        private final int action;

        Plain(int action) {
            this.action = action;
        }

        @Override
        public int action() {
            return action;
        }
    }

    /** The call returns -1 with {@code errno}; nothing of it happens. */
    record Refuse(int errno) implements Verdict {
        public Refuse {
            if (errno < 1 || errno > 4095) {
                throw new IllegalArgumentException("errno " + errno);
            }
        }

        @Override
        public int action() {
            return 0x00050000 | errno;
        }
    }
}
