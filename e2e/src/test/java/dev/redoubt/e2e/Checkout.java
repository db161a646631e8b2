package dev.redoubt.e2e;

import java.nio.file.Path;

/** The tree that these tests belong to. */
final class Checkout {
    static final Path HOME =
            Path.of(System.getProperty("redoubt.home", "..")).toAbsolutePath().normalize();

    private Checkout() {}
}
