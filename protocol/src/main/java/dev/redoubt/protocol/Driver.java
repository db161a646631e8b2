package dev.redoubt.protocol;

import java.util.Locale;
import java.util.Optional;

/** What builds the walls of a sandbox. */
public enum Driver {
    /** Redoubt itself: the default. */
    NATIVE(RuntimeClass.CONTAINER),
    /** The OCI runtime crun, to the same walls. */
    CRUN(RuntimeClass.CONTAINER),
    /** The OCI runtime runsc, whose sandboxes have a kernel of their own. */
    GVISOR(RuntimeClass.GVISOR);

    private final RuntimeClass runtimeClass;

    Driver(RuntimeClass runtimeClass) {
        this.runtimeClass = runtimeClass;
    }

    /** What it builds. */
    public RuntimeClass runtimeClass() {
        return runtimeClass;
    }

    /** The driver of this name, as on the command line. */
    public static Optional<Driver> parse(String name) {
        for (Driver driver : values()) {
            if (driver.toString().equals(name)) {
                return Optional.of(driver);
            }
        }
        return Optional.empty();
    }

    /** The first that builds a class in which a profile may be run; native where none is built, which is then refused by name. */
    public static Driver usualOf(Profile profile) {
        for (Driver driver : values()) {
            if (profile.runtimes().contains(driver.runtimeClass)) {
                return driver;
            }
        }
        return NATIVE;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
