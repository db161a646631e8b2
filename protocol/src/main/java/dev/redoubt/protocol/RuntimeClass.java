package dev.redoubt.protocol;

import java.util.Locale;
import java.util.Optional;

/** What stands between a sandbox and the host's kernel. */
public enum RuntimeClass {
    /** Namespaces and filters of the host's own kernel. */
    CONTAINER,
    /** A kernel in user space, runsc. */
    GVISOR,
    /** A virtual machine with a kernel of its own. */
    MICROVM,
    /** WebAssembly in a worker: no kernel interface at all. */
    WASM;

    /** The class of this name, as on the command line. */
    public static Optional<RuntimeClass> parse(String name) {
        for (RuntimeClass runtime : values()) {
            if (runtime.toString().equals(name)) {
                return Optional.of(runtime);
            }
        }
        return Optional.empty();
    }

    /** Whether what runs in it calls the host's kernel itself. */
    public boolean sharesKernel() {
        return this == CONTAINER;
    }

    /** Whether this version can build it. */
    public boolean isBuilt() {
        return this == CONTAINER || this == GVISOR;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
