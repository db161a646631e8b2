package dev.redoubt.node.cgroup;

import dev.redoubt.linux.LinuxException;
import java.util.function.Supplier;

/** Gives a refusal of the kernel the name of what we were doing. */
final class Step {
    private Step() {}

    static void run(String step, Runnable work) {
        try {
            work.run();
        } catch (LinuxException refused) {
            throw new CgroupException(step, refused);
        }
    }

    static <T> T read(String step, Supplier<T> work) {
        try {
            return work.get();
        } catch (LinuxException refused) {
            throw new CgroupException(step, refused);
        }
    }
}
